package app

import "chatgate/gateway/chat/talk"

// TalkPlugin is the name of the plugin for Talk 4, and of its folder.
const TalkPlugin = talk.PluginName

// ErrTalkPluginThere says that a folder holds the plugin already.
var ErrTalkPluginThere = talk.ErrPluginThere

// UnpackTalkPlugin writes the plugin into a folder of its own below dir, in the place of one that is there only if replace
// says so, and returns that folder. It needs no configuration: Talk has the plugin's settings.
func UnpackTalkPlugin(dir string, replace bool) (folder string, err error) {
	return talk.UnpackPlugin(dir, replace)
}
