package main

import (
	"fmt"
	"os"
)

// guide tells a newcomer what to open and what to try. Config is the file that has the configuration, empty where none has.
func (w *world) guide(config string) string {
	a := w.Addresses()
	return fmt.Sprintf(`
chatgate is running. One sign-in opens both chats.

  1. Open Rocket.Chat      %s
     Press "Sign in": the provider asks once. Sign in as ada (password ada) and you are in the chat.
  2. Open the newspaper    %s
     You are signed in there too, and can comment. With third-party cookies blocked press "Sign in to comment" and then
     "Sign in": a window opens, finds you signed in, and closes. The comments are %s; -talk opens others.
  3. Look at your account  %s
     Sign out there: Rocket.Chat is signed out at once, the newspaper when its page is loaded again.
  4. Open an intranet      %s
     It shows the chat in a frame and signs you in there. "?plain" after the address leaves that to the chat.
  5. %s
  6. %s

  People: ada / ada and bob / bob. The provider is at %s.

Each of them is a site of its own to a browser. All of them work with third-party cookies allowed and blocked.

Everything is kept in memory and served on %s. Press Ctrl+C to stop.
`, a.RocketChat, a.Talk, profiles[w.profile], a.Gateway, w.hosts["portal"].url(), w.guideToProviders(), w.guideToCommands(config), a.Provider, w.served)
}

func (w *world) guideToProviders() string {
	if w.Partners == nil {
		return "Start the demo with -providers 2 to choose between two providers, one of which the comments do not let in."
	}
	return fmt.Sprintf(`Choose a provider    %s/login?prompt=select_account
     carol / carol and dave / dave sign in at Partners (%s), which an address at partners.example
     finds by itself. Rocket.Chat lets them in, the comments do not: their account page says why.`,
		w.Addresses().Gateway, w.hosts["partners"].url())
}

func (w *world) guideToCommands(config string) string {
	if config == "" {
		return "Start the demo with -config demo.yaml to try chatgate's commands on it: sessions, subject, explain and others."
	}
	return fmt.Sprintf(`Ask the commands, in another window:
       go run ./cmd/chatgate sessions list --config %[1]s
       go run ./cmd/chatgate explain --config %[1]s REFERENCE
     An error page has a REFERENCE: %[2]s/login?return_to=https://elsewhere.example/`, config, w.Addresses().Gateway)
}

// lendConfig writes the gateway's configuration to a file of its own. It has secrets, which are of use for nothing but this
// world: the file goes when forget is called.
func (w *world) lendConfig(path string) (forget func(), err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("-config: %w", err)
	}
	forget = func() { _ = os.Remove(path) } // gone already where somebody tidied up
	_, err = file.WriteString(w.config)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		forget()
		return nil, fmt.Errorf("-config: %w", err)
	}
	return forget, nil
}
