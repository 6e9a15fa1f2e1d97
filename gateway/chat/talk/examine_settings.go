package talk

import (
	"context"
	"fmt"
	"strings"

	"chatgate/gateway/chat"
)

// examineSettings compares Coral's settings with what they must be (T-D5, T-D7, T-D11, G6, G28).
func (c *connector) examineSettings(ctx context.Context, admin administration) []chat.Finding {
	s, err := admin.settings(ctx)
	if err != nil {
		return []chat.Finding{{Name: "settings", Text: err.Error()}}
	}
	found := c.judgeSettings(s)
	for _, look := range []struct {
		name, text string
		minor      bool
	}{
		{"integrations", c.bothOn(s), false},
		{"secret", c.foreignSecret(s), false},
		{"callback", c.foreignCallback(s), false},
		{sessionDuration, c.longSession(s), true},
	} {
		if look.text != "" {
			found = append(found, chat.Finding{Name: look.name, Text: look.text, Minor: look.minor})
		}
	}
	return found
}

// why says what people meet where a setting is not what it must be.
var why = map[string]string{
	"enabled":           "Coral refuses every token with TOKEN_INVALID",
	"allowRegistration": "nobody new can comment, although Coral shows no form for it",
	"issuer":            "issuers are compared byte for byte",
}

// judgeSettings names each setting that is not what it must be, with what it is.
func (c *connector) judgeSettings(s coralSettings) []chat.Finding {
	var wrong, minor []string
	for _, w := range c.wanted() {
		if w.met(s) {
			continue
		}
		text := fmt.Sprintf("%s must be %s (is %s)", w.setting, w.text(), shown(w.setting, s.values[w.setting]))
		_, field, _ := strings.Cut(w.setting, ".")
		if reason := why[field]; reason != "" {
			text += ", else " + reason
		}
		if w.minor {
			minor = append(minor, text)
		} else {
			wrong = append(wrong, text)
		}
	}
	remedy := "chatgate setup talk --chat " + c.env.Name + " sets them"
	var found []chat.Finding
	if len(wrong) > 0 {
		found = append(found, chat.Finding{Name: "settings", Text: strings.Join(wrong, "; "), Fix: remedy})
	}
	if len(minor) > 0 {
		found = append(found, chat.Finding{Name: "where sign-in is shown", Minor: true, Text: strings.Join(minor, "; "), Fix: remedy})
	}
	if len(found) == 0 {
		found = append(found, chat.Finding{Name: "settings", OK: true, Text: "lead to this gateway"})
	}
	return found
}

// text is what a setting must be, for people.
func (w wanted) text() string {
	switch value := w.value.(type) {
	case target:
		return fmt.Sprintf("admin %v, stream %v", value.Admin, value.Stream)
	case string:
		if w.setting == clientSecretSetting {
			return "client.secret"
		}
		return value
	default:
		return fmt.Sprint(value)
	}
}
