package app

import (
	"maps"
	"slices"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/talk"
)

// Kinds are the chats that a configuration may name, by kind.
type Kinds map[string]func() chat.Config

// Chats is the list of chats. A new one is a folder under gateway/chat and a line here.
func Chats() Kinds {
	return Kinds{
		"rocketchat": func() chat.Config { return new(rocketchat.Config) },
		"talk":       func() chat.Config { return new(talk.Config) },
	}
}

func (k Kinds) names() []string { return slices.Sorted(maps.Keys(k)) }
