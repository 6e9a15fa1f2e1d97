package talk_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
)

func surveyOf(t *testing.T, h http.Handler) (talk.Product, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return talk.SurveyProduct(t.Context(), chat.Origin(server.URL), &http.Transport{DisableKeepAlives: true})
}

func TestASurveyTellsCoralsAndTalk4Apart(t *testing.T) {
	coral := func(version string) http.Handler {
		c, err := talktest.NewCoral(talktest.CoralConfig{URL: "https://comments.example.org", Version: version})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	talk4, err := talktest.NewTalk4(talktest.Talk4Config{URL: "https://comments.example.org", Secret: strings.Repeat("s", 32), Issuer: "https://sso.example.org/talk"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		server http.Handler
		want   string
		links  bool
	}{
		{coral("5.3.0"), "Coral 5.3", false}, {coral("9.8.1"), "Coral 9.8", false},
		{coral("9.9.0"), "Coral 9.9", true}, {coral("9.11.8"), "Coral 9.11", true}, {talk4, "Talk 4", false},
	} {
		product, err := surveyOf(t, c.server)
		if err != nil || product.String() != c.want || product.LinksByAddress() != c.links {
			t.Errorf("SurveyProduct() = %s, %v, links by address: %t; want %s, %t", product, err, product.LinksByAddress(), c.want, c.links)
		}
	}
}

func TestASurveyOfSomethingElseSaysSo(t *testing.T) {
	text := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	for _, c := range []struct {
		name   string
		server http.Handler
		want   string
	}{
		{"a redirect", http.RedirectHandler("https://evil.example/", http.StatusFound), "answered with a redirect (302)"},
		{"a page", text("<!doctype html>"), "neither as Coral nor as Talk 4"},
		{"a version that does things to a terminal", text(`{"version":"\u001b]0;x\u0007"}`), "neither as Coral nor as Talk 4"},
		{"a Coral before there was one", text(`{"version":"4.12.1"}`), "neither as Coral nor as Talk 4"},
		{"a huge answer", text(strings.Repeat("x", 2<<20)), "neither as Coral nor as Talk 4"},
		{"nothing there", http.NotFoundHandler(), "neither as Coral nor as Talk 4"},
	} {
		product, err := surveyOf(t, c.server)
		if err == nil || !strings.Contains(err.Error(), c.want) || product != (talk.Product{}) {
			t.Errorf("%s: SurveyProduct() = %s, %v, want an error with %q", c.name, product, err, c.want)
		}
	}
}
