// Chatgate-demo runs the whole world of chatgate in one process, on loopback: an identity provider with two people, a
// Rocket.Chat stand-in, a newspaper with comments, an embedded Redis, and the real gateway through the very code that
// production starts with. It needs nothing installed.
//
// It is also what the end-to-end tests walk through.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, diagnostics io.Writer) error {
	flags := flag.NewFlagSet("chatgate-demo", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	asJSON := flags.Bool("json", false, "print one line of JSON with the addresses once everything is ready")
	port := flags.Int("port", 8440, "the gateway's port; the others follow it; 0 takes free ones")
	verbose := flags.Bool("verbose", false, "write the gateway's log to standard error")
	profile := talkFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewJSONHandler(diagnostics, nil))
	}
	w, err := openWorld(worldConfig{Port: *port, Log: log, Talk: *profile})
	if err != nil {
		return err
	}
	ready := func() error {
		if *asJSON {
			return json.NewEncoder(out).Encode(w.Addresses())
		}
		_, err := io.WriteString(out, w.guide())
		return err
	}
	return w.Run(ctx, ready)
}

// guide tells a newcomer what to open and what to try.
func (w *world) guide() string {
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

  People: ada / ada and bob / bob. The provider is at %s.

Each of them is a site of its own to a browser. All of them work with third-party cookies allowed and blocked.

Everything is kept in memory and served on loopback only. Press Ctrl+C to stop.
`, a.RocketChat, a.Talk, profiles[w.profile], a.Gateway, w.hosts["portal"].url(), a.Provider)
}
