package outbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"chatgate/store"
)

const digestBytes = 9 // 72 bits: no two of the tokens or sessions of one subject will ever meet

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:digestBytes])
}

// held is an entry as it is stored, where every session pays for it: a session costs Redis less than 1.8 KiB all in.
// So it is a JSON array, what is only compared is a digest, and what the place already says is left out.
type held struct {
	Chat    string
	Session string // digest of the session's key
	SID     string // digest of the provider's sid, empty without one
	UserID  string
	Token   store.Secret
	Expires int64 // Unix seconds
	End     int64 // Unix seconds; 0 for an entry that is kept
}

// MarshalJSON writes the array. A later version appends to it: an earlier one ignores what it does not know.
func (h held) MarshalJSON() ([]byte, error) {
	return json.Marshal([...]any{h.Chat, h.Session, h.SID, h.UserID, h.Token, h.Expires, h.End})
}

// UnmarshalJSON reads the array.
func (h *held) UnmarshalJSON(raw []byte) error {
	parts := [...]any{&h.Chat, &h.Session, &h.SID, &h.UserID, &h.Token, &h.Expires, &h.End}
	return json.Unmarshal(raw, &parts)
}

func (e Entry) held() held {
	h := held{
		Chat: e.Chat, Session: digest(e.Session), SID: digestSID(e.SID),
		UserID: e.UserID, Token: e.Token, Expires: e.Expires.Unix(),
	}
	if !e.Keep {
		h.End = e.End.Unix()
	}
	return h
}

func digestSID(sid string) string {
	if sid == "" {
		return ""
	}
	return digest(sid)
}

// due is when the sweep looks at the entry: at the end of its session, or when it is worth nothing any more.
func (h held) due() time.Time {
	if h.End == 0 || h.Expires < h.End {
		return time.Unix(h.Expires, 0)
	}
	return time.Unix(h.End, 0)
}

// value is the entry to be sealed; it stops opening when the chat has forgotten the token.
func (h held) value() store.Value { return store.Value{V: h, End: time.Unix(h.Expires, 0)} }

func (h held) revocation(cause Cause) RevokeJob {
	return RevokeJob{UserID: h.UserID, Token: h.Token, Expires: time.Unix(h.Expires, 0).UTC(), Cause: cause}
}

// member names the entry in the due index.
func member(id, field string) string { return id + "/" + field }

func splitMember(m string) (id, field string, ok bool) { return strings.Cut(m, "/") }
