package chat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
)

const (
	chatURL   = "https://chat.example.org"
	portalURL = "https://portal.example.org" // may embed and read tokens
	blogURL   = "https://blog.example.org"   // may embed
)

func embedders() chat.EmbedOrigins {
	return chat.EmbedOrigins{portalURL: {Token: true}, blogURL: {}}
}

func TestEmbeddingPagesHaveThreeRightsInThreeLists(t *testing.T) { // D29
	want := chat.Access{
		Return: []chat.Origin{blogURL, portalURL},
		Frame:  []chat.Origin{blogURL, portalURL},
		Token:  []chat.Origin{portalURL},
	}
	if diff := cmp.Diff(want, embedders().Access()); diff != "" {
		t.Errorf("Access() (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(chat.Access{}, chat.EmbedOrigins(nil).Access()); diff != "" {
		t.Errorf("Access() of no pages (-want +got):\n%s", diff)
	}
}

func TestEveryAddressHasTheKeyThatNamesIt(t *testing.T) { // B-29
	want := map[string]chat.Origin{
		"url": chatURL, "embedOrigins." + portalURL: portalURL, "embedOrigins." + blogURL: blogURL,
	}
	if diff := cmp.Diff(want, embedders().Addresses(chatURL)); diff != "" {
		t.Errorf("Addresses() (-want +got):\n%s", diff)
	}
}
