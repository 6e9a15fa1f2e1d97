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
	"net/netip"
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
	listen := flags.String("listen", "", "listen on this `address`, such as 0.0.0.0 in a container, and not on loopback")
	profile := talkFlag(flags)
	providers := flags.Int("providers", 1, "how many identity providers there are: 1, or 2 to choose between")
	config := flags.String("config", "", "write the gateway's configuration to this new `file` while the demo runs, for the commands of chatgate")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *providers != 1 && *providers != 2 {
		return fmt.Errorf("-providers: must be 1 or 2, got %d", *providers)
	}
	address, err := listenAddress(*listen)
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewJSONHandler(diagnostics, nil))
	}
	w, err := openWorld(worldConfig{Port: *port, Log: log, Talk: *profile, Partners: *providers == 2, Layout: layout{Address: address}})
	if err != nil {
		return err
	}
	if *config != "" {
		forget, err := w.lendConfig(*config)
		if err != nil {
			return errors.Join(err, w.close())
		}
		defer forget()
	}
	ready := func() error {
		if *asJSON {
			return json.NewEncoder(out).Encode(w.Addresses())
		}
		_, err := io.WriteString(out, w.guide(*config))
		return err
	}
	return w.Run(ctx, ready)
}

// listenAddress reads -listen. A name would stand for another address elsewhere.
func listenAddress(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Is6() && !address.IsUnspecified() {
		return netip.Addr{}, fmt.Errorf("-listen: must be an IPv4 address such as 127.0.0.1 or 0.0.0.0, or ::, got %q", text)
	}
	return address, nil
}
