// Command zitadel serves the example provider of zitadel/oidc on a free loopback port:
//
//	zitadel -redirect-uri URI [-post-logout-redirect-uri URI]
//
// It prints {"issuer","client":{"id","secret"}} when it serves. After that it obeys one command a line and answers each
// with one JSON line: "rotate" makes a new signing key and keeps publishing the former ones, "ended" tells the people whose
// sessions were ended by a sign-out. The end of the input ends it, so that it never outlives the test that started it.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

const clientID = "chatgate"

func main() {
	redirectURI := flag.String("redirect-uri", "", "the client's redirect URI")
	homeURI := flag.String("post-logout-redirect-uri", "", "where the client's people come back to after a sign-out")
	flag.Parse()
	if err := run(*redirectURI, *homeURI); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type ready struct {
	Issuer string `json:"issuer"`
	Client client `json:"client"`
}

type client struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

func run(redirectURI, homeURI string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := fmt.Sprintf("http://%s/", listener.Addr()) // the example's own form, with its slash
	secret := rand.Text()
	storage.RegisterClients(storage.WebClient(clientID, secret, redirectURI))
	keeper, err := newKeeper(storage.NewStorage(people{}), homeURI)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	server := &http.Server{Handler: exampleop.SetupServer(issuer, keeper, logger, false), ReadHeaderTimeout: 5 * time.Second}
	go obey(keeper, ready{issuer, client{clientID, secret}})
	return server.Serve(listener)
}

// obey ends the process when its input ends.
func obey(keeper *keeper, first ready) {
	out := json.NewEncoder(os.Stdout)
	say := func(message any) {
		if err := out.Encode(message); err != nil {
			os.Exit(1)
		}
	}
	say(first)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch lines.Text() {
		case "rotate":
			kid, err := keeper.rotate()
			if err != nil {
				say(map[string]string{"error": err.Error()})
				continue
			}
			say(map[string]string{"rotated": kid})
		case "ended":
			say(map[string][]string{"ended": keeper.endedFor()})
		default:
			say(map[string]string{"error": fmt.Sprintf("unknown command %q", lines.Text())})
		}
	}
	os.Exit(0)
}
