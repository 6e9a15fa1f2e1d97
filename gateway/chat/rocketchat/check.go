package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"chatgate/gateway/chat"
)

var _ chat.Examiner = (*connector)(nil)

// The names of findings that others look for.
const (
	iframeFinding = "iframe settings"
	embedFinding  = "embedding settings"
	sendFinding   = "embedding events"
)

// Check looks at what has to be right for people to sign in: Rocket.Chat answers, its release is sound, our service
// account is let in, and its iframe settings lead to us (R31, R32). It stops where the rest would only repeat itself.
func (c *connector) Check(ctx context.Context) []chat.Finding { return c.look(ctx).found }

// Examine looks at everything that Check does, and at what an operator has to know before people do: each permission,
// the service account's token, whether login tokens are made, how other pages may embed the chat, and whether the
// gateway answers where browsers will look for it (R26, R27, R31, R32). It makes one login token of the service account
// and revokes it again.
func (c *connector) Examine(ctx context.Context) []chat.Finding {
	l := c.look(ctx)
	found := l.found
	if l.settings != nil {
		found = append(found, c.examineEmbedding(ctx, l)...)
		found = append(found, c.examineApproval(ctx, l)...)
	}
	if l.me.ID != "" {
		found = append(found, c.examineRights(ctx, l)...)
		found = append(found, c.examineToken(ctx))
	}
	if l.me.ID != "" && c.cfg.API.Tokens == CreateToken {
		found = append(found, c.examineMinting(ctx, l.version))
	}
	return append(found, c.examineBrowserSide(ctx)...)
}

// look is what a Check found out on its way.
type look struct {
	version  version
	me       account                    // empty when our service account is not let in
	settings map[string]json.RawMessage // the public ones; nil when they could not be read
	found    []chat.Finding
}

func (l *look) add(findings ...chat.Finding) { l.found = append(l.found, findings...) }

func (c *connector) look(ctx context.Context) look {
	var l look
	traits, err := c.workspace.read(ctx)
	if err != nil {
		l.add(chat.Finding{Name: "reachable", Text: "api.url " + c.cfg.API.URL + ": " + err.Error()})
		return l
	}
	l.version = traits.version
	l.add(chat.Finding{Name: "reachable", OK: true, Text: "Rocket.Chat " + l.version.String() + " at " + c.cfg.API.URL})
	l.add(checkVersion(l.version), c.checkTokenSecret(l.version), c.checkServiceAccount(ctx, &l))
	c.checkSettings(ctx, &l)
	return l
}

func checkVersion(v version) chat.Finding {
	if v.unsound() {
		return chat.Finding{
			Name: "version", Minor: true, Text: v.String() + ": iframe authentication is broken in 7.8 to 7.10",
			Fix: "upgrade Rocket.Chat to 7.11 or later",
		}
	}
	return chat.Finding{Name: "version", OK: true, Text: v.String() + " has no known defect that matters here"}
}

func (c *connector) checkTokenSecret(v version) chat.Finding {
	if c.cfg.API.Tokens == CreateToken && v.needs().tokenSecret && c.cfg.API.CreateTokenSecret == "" {
		return chat.Finding{Name: "createTokenSecret", Text: "api.createTokenSecret is missing", Fix: v.tokenAdvice()}
	}
	return chat.Finding{Name: "createTokenSecret", OK: true, Text: "as this version needs it"}
}

func (c *connector) checkServiceAccount(ctx context.Context, l *look) chat.Finding {
	var me account
	err := c.workspace.asOurselves(ctx, call{name: "v1/me", method: http.MethodGet}, &me)
	switch {
	case err != nil:
		return chat.Finding{Name: "service account", Text: err.Error()}
	case me.deactivated():
		return chat.Finding{Name: "service account", Text: "the account is deactivated in Rocket.Chat", Fix: "activate it in Administration, Users"}
	}
	l.me = me
	return chat.Finding{Name: "service account", OK: true, Text: "signed in"}
}

// checkSettings compares what everybody may read with what it must be.
func (c *connector) checkSettings(ctx context.Context, l *look) {
	ids := []string{siteURL, receiveEnable, receiveOrigin, manuallyApprove}
	for _, w := range slices.Concat(c.iframeSettings(), c.sendSettings()) {
		ids = append(ids, w.id)
	}
	settings, err := c.workspace.publicSettings(ctx, l.version, ids...)
	if _, limited := errors.AsType[*limitedError](err); limited {
		settings, err = c.workspace.settings(ctx, ids...)
	}
	if err != nil {
		l.add(chat.Finding{Name: iframeFinding, Text: err.Error()})
		return
	}
	l.settings = settings
	l.add(c.judge(iframeFinding, "lead to this gateway", c.iframeSettings(), settings), c.checkOrigin(settings))
}

// checkOrigin compares the address that Rocket.Chat takes for its own with the one that we serve (R32): the browser
// names it in every call, and one that differs in scheme, host or port is refused.
func (c *connector) checkOrigin(settings map[string]json.RawMessage) chat.Finding {
	const name = "origin"
	told := strings.TrimRight(textOf(settings[siteURL]), "/")
	if origin, err := chat.ParseOrigin(told); err != nil || origin != c.cfg.URL {
		return chat.Finding{Name: name, Text: fmt.Sprintf(
			"url is %s and Rocket.Chat says %s is %q", c.cfg.URL, siteURL, told),
			Fix: "scheme, host and port must be the same in both"}
	}
	return chat.Finding{Name: name, OK: true, Text: "url is what " + siteURL + " says"}
}

// judge says which settings are not what they must be, each with what it is, and how they become it.
func (c *connector) judge(name, well string, wanted []wantedSetting, settings map[string]json.RawMessage) chat.Finding {
	var wrong []string
	remedy := "chatgate setup rocketchat --chat " + c.env.Name + " sets them"
	for _, w := range wanted {
		if value := settings[w.id]; !w.met(value) {
			wrong = append(wrong, fmt.Sprintf("%s must be %s (is %s)", w.id, w.text(), chat.Shown(value)))
		}
		if w.byHand != "" {
			remedy = "by hand, " + w.byHand
		}
	}
	if len(wrong) > 0 {
		return chat.Finding{Name: name, Text: strings.Join(wrong, "; "), Fix: remedy}
	}
	return chat.Finding{Name: name, OK: true, Text: well}
}

// examineApproval says what becomes of new people where an administrator approves each.
func (c *connector) examineApproval(ctx context.Context, l look) []chat.Finding {
	value, told := l.settings[manuallyApprove]
	if !told {
		value, _ = c.workspace.privateSetting(ctx, manuallyApprove) // a hint is not worth a failure
	}
	if !isValue(value, true) {
		return nil
	}
	text := manuallyApprove + " is on: people whose account waits for approval are refused here until it is given"
	if c.cfg.Accounts.Create {
		text += "; accounts that the gateway makes are active at once, which takes the permission edit-other-user-active-status"
	}
	return []chat.Finding{{Name: "approval", Minor: true, Text: text}}
}

// examineEmbedding looks at what pages that embed the chat need. Without such pages nobody needs it on.
func (c *connector) examineEmbedding(ctx context.Context, l look) []chat.Finding {
	var found []chat.Finding
	switch wanted := c.receiveSettings(); {
	case len(wanted) > 0:
		found = append(found, c.judge(embedFinding, "let the embedding pages in and nobody else", wanted, l.settings), c.examineEvents(l))
	case isValue(l.settings[receiveEnable], true) && isValue(l.settings[receiveOrigin], "*"):
		found = append(found, chat.Finding{Name: embedFinding, Minor: true, Text: receiveOrigin +
			" is *: any page that frames the chat can sign its reader in as somebody else", Fix: "list origins, or turn " + receiveEnable + " off"})
	}
	if len(c.cfg.EmbedOrigins) > 0 {
		found = append(found, c.examineFraming(ctx))
	}
	return found
}

// examineEvents looks at whether the chat tells an embedding page of sign-ins and sign-outs. People get in without it.
func (c *connector) examineEvents(l look) chat.Finding {
	f := c.judge(sendFinding, "are told to an embedding page", c.sendSettings(), l.settings)
	f.Minor = !f.OK
	return f
}

// embedders are the origins of the pages that embed the chat, in order.
func (c *connector) embedders(may func(chat.EmbedRights) bool) []string {
	var origins []string
	for origin, rights := range c.cfg.EmbedOrigins {
		if may(rights) {
			origins = append(origins, string(origin))
		}
	}
	slices.Sort(origins)
	return origins
}
