package talk_test

import (
	"slices"
	"strings"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
)

func TestTheDoctorTellsWhatPeopleAskOfASite(t *testing.T) {
	for _, test := range []struct {
		name, finding, want string
		ok                  bool
		cfg                 talk.Config
	}{
		{"which pages may read tokens", "token pages", "1 may read tokens", true, site(talk.CoralSSO)},
		{"that no page may", "token pages", "nobody gets a token", false,
			with(site(talk.CoralSSO), func(c *talk.Config) { c.EmbedOrigins = chat.EmbedOrigins{blogURL: {}} })},
		{"which issuer its tokens name", "issuer", chattest.BaseURL + "/talk is in every token", true, site(talk.CoralOIDC)},
		{"that Coral overwrites names", "names", "overwritten by the next token", true, site(talk.CoralSSO)},
		{"that Coral keeps the first name", "names", "never another", true, site(talk.CoralOIDC)},
		{"where names come from", "names", "from the claims handle, name;", true,
			with(site(talk.Talk4), func(c *talk.Config) { c.Claims.Username = []string{"handle", "name"} })},
		{"that names are nobody else's", "names", "uniqueNames: true", true, with(site(talk.CoralSSO), func(c *talk.Config) { c.UniqueNames = true })},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, _ := openAt(t, test.cfg, chattest.Options{})
			found := w.connector.(chat.Examiner).Examine(ctx())
			i := slices.IndexFunc(found, func(f chat.Finding) bool { return f.Name == test.finding })
			if i < 0 || found[i].OK != test.ok || !strings.Contains(found[i].Text, test.want) {
				t.Errorf("Examine() finds %+v, want %q, ok %v, with %q", found, test.finding, test.ok, test.want)
			}
		})
	}
}
