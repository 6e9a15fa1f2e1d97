package account

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"chatgate/gateway/session"
)

// mostShown bounds the list of sessions, and what it costs. Whoever has more signs out of all of them at once.
const mostShown = 50

// view is what the page shows.
type view struct {
	Ended           bool
	Person, Email   string
	Provider        string
	ProviderEnds    bool // a sign-out of this browser goes on to it
	Begun, Ends     moment
	Chats           []chatRow
	Refused         bool // one of them is not open
	Sessions        []sessionRow
	More            int // sessions that are not shown
	Several         bool
	AtOnce, Lingers []string // the chats by how soon a sign-out closes them
}

// moment is a time with its distance from now, for a page whose server knows nothing of the reader's clock.
type moment struct {
	At   string // RFC 3339
	Span time.Duration
}

// state is how a chat stands for a person; tests and themes find it as data-state.
type state string

const (
	connected state = "connected" // signed in there
	open      state = "open"      // by the next visit
	stayOut   state = "stay-out"  // signed out inside the chat (R12)
	tooOld    state = "too-old"   // the sign-in counts for it no more
	refused   state = "refused"   // by the rules (D7)
)

type chatRow struct {
	Name, Title, URL string
	State            state
	Reason           string // the key of the message that says why not
}

type sessionRow struct {
	Handle          string
	Current, Idle   bool
	Browser, System string
	// Device is the key of the message that says which device it is, empty where Browser alone does.
	Device         string
	Place, Address string // Place is empty where the house has no name for the address
	SameAddress    bool   // as the one that this page was asked for from
	Begun, Seen    moment
}

func (d *Desk) view(
	current session.Session, known []session.Known, more int, states map[string]session.ChatState, address string,
) view {
	now := d.cfg.Now()
	provider, configured := d.cfg.Providers[current.Identity.Provider]
	v := view{
		Person: displayName(current), Email: current.Identity.Email, Provider: cmp.Or(provider.Title, current.Identity.Provider),
		ProviderEnds: configured && provider.SignsOut(),
		Begun:        moment{stamp(current.Begun), now.Sub(current.Begun)}, Ends: moment{stamp(current.Ends), current.Ends.Sub(now)},
		More: more,
	}
	for _, chat := range d.cfg.Chats {
		v.addChat(chat, d.chatRow(chat, current, states[chat.Name], now))
	}
	for _, k := range inOrder(known, current.Key) {
		v.Sessions = append(v.Sessions, d.sessionRow(k, current.Key, address, now))
	}
	v.Several = len(v.Sessions) > 1
	return v
}

func (v *view) addChat(chat Chat, row chatRow) {
	v.Chats = append(v.Chats, row)
	switch {
	case row.State == refused:
		v.Refused = true
	case chat.Lingers:
		v.Lingers = append(v.Lingers, chat.Title)
	default:
		v.AtOnce = append(v.AtOnce, chat.Title)
	}
}

func (d *Desk) chatRow(chat Chat, current session.Session, is session.ChatState, now time.Time) chatRow {
	row := chatRow{Name: chat.Name, Title: chat.Title, URL: chat.URL, State: open}
	reason := chat.Refuses(current.Identity)
	switch {
	case reason != "":
		row.State, row.Reason = refused, "reason."+reason
	case !now.Before(d.cfg.Sessions.EndsFor(current, chat.Name)):
		row.State, row.Reason = tooOld, "reason.sign_in_too_old"
	case is.StayOut:
		row.State = stayOut
	case is.Token != nil:
		row.State = connected
	}
	return row
}

func (d *Desk) sessionRow(k session.Known, currentKey, address string, now time.Time) sessionRow {
	return sessionRow{
		Handle: handleOf(k.Session), Current: k.Key == currentKey, Idle: k.Idle,
		Browser: k.From.Browser, System: k.From.System, Device: deviceKey(k.From),
		Place: d.cfg.Place(k.From.Address), Address: k.From.Address, SameAddress: sameAddress(k.From.Address, address),
		Begun: moment{stamp(k.Begun), now.Sub(k.Begun)}, Seen: moment{stamp(k.Seen), now.Sub(k.Seen)},
	}
}

func deviceKey(from session.From) string {
	switch {
	case from.Browser != "" && from.System != "":
		return "home.device"
	case from.Browser != "":
		return ""
	case from.System != "":
		return "home.device_system"
	}
	return "home.device_unknown"
}

// sameAddress compares two addresses however they are spelled.
func sameAddress(a, b string) bool {
	one, err := netip.ParseAddr(a)
	if err != nil {
		return false
	}
	other, err := netip.ParseAddr(b)
	return err == nil && one.Unmap() == other.Unmap()
}

// inOrder puts the session of this browser first, then those that are in use, and the latest first among them.
func inOrder(known []session.Known, currentKey string) []session.Known {
	slices.SortFunc(known, func(a, b session.Known) int {
		return cmp.Or(
			rank(a, currentKey)-rank(b, currentKey),
			b.Seen.Compare(a.Seen), b.Begun.Compare(a.Begun), cmp.Compare(a.Key, b.Key),
		)
	})
	return known
}

func rank(k session.Known, currentKey string) int {
	switch {
	case k.Key == currentKey:
		return 0
	case k.Idle:
		return 2
	}
	return 1
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// displayName is the best the provider gave: the name, else the username, else the subject.
func displayName(s session.Session) string {
	return cmp.Or(s.Identity.Name, s.Identity.Username, s.Identity.Subject)
}
