package chat_test

import (
	"net/url"
	"strings"
	"testing"

	"chatgate/gateway/chat"
)

// FuzzParseOrigin: a text that is taken for an origin is one, in the spelling that browsers send, and stands for itself
// alone (S7, S8, S14, S74).
func FuzzParseOrigin(f *testing.F) {
	for _, seed := range []string{
		"https://chat.example.org", "http://localhost:3000", "https://[2001:db8::1]:8443", "https://xn--caf-dma.example",
		"https://CHAT.example.org", "https://chat.example.org.", "https://chat.example.org:443", "https://chat.example.org/",
		"https://user@chat.example.org", "https://chat.example.org?", "https://chat.example.org#", "https://*.example.org",
		"null", "https://", "https://a,https://b", "https://café.example", "https://chat。example.org", "https://[::ffff:1.2.3.4]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		origin, err := chat.ParseOrigin(text)
		if err != nil {
			if !strings.Contains(err.Error(), "must be an https origin") {
				t.Errorf("ParseOrigin(%q) = %v, want to be told what is expected", text, err)
			}
			return
		}
		if string(origin) != text {
			t.Errorf("ParseOrigin(%q) = %q, want the same or nothing", text, origin)
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme+"://"+u.Host != text {
			t.Errorf("ParseOrigin took %q, which is more than scheme, host and port", text)
		}
		if strings.ContainsAny(text, " \t\r\n\\*,@") || strings.ToLower(text) != text {
			t.Errorf("ParseOrigin took %q, which no browser sends", text)
		}
	})
}
