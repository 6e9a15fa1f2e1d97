package chat

import (
	"maps"
	"slices"
)

// EmbedOrigins are the pages that embed a chat, by origin, each with what it may do besides. A sign-in may end at every
// one of them, and each may frame our page.
type EmbedOrigins map[Origin]EmbedRights

// EmbedRights are what an embedding page may do besides.
type EmbedRights struct {
	Token bool `yaml:"token" default:"false" doc:"Its scripts may read tokens, to sign people in to the chat that it embeds."`
}

// Access are the three lists of the embedding pages, each in the order of the origins (D29). A connector adds its chat.
func (e EmbedOrigins) Access() Access {
	all := slices.Sorted(maps.Keys(e))
	a := Access{Return: all, Frame: slices.Clone(all)}
	for _, origin := range all {
		if e[origin].Token {
			a.Token = append(a.Token, origin)
		}
	}
	return a
}

// Addresses are what [Config] promises for a section with the settings url and embedOrigins.
func (e EmbedOrigins) Addresses(url Origin) map[string]Origin {
	addresses := map[string]Origin{"url": url}
	for origin := range e {
		addresses["embedOrigins."+string(origin)] = origin
	}
	return addresses
}
