package cli_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"chatgate/cmd/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"chatgate": func() {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			os.Exit(cli.Run(ctx, os.Args[1:], cli.Streams{Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

// TestCommands runs each command line as a person types it; the scripts in testdata say what must come out.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values[house{}] = &people{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "installation": startInstallation, "setting": checkSetting, "change": changeSetting,
			"signers": configureSigners, "serving": serveSigners, "signing": findSigner,
			"corals": startCorals, "coral": checkCoral, "token": writeToken,
			"people": startPeople, "stop": stopPart, "signin": signIn, "browser": checkBrowser, "account": findAccount,
			"addresses": startAddresses, "secret": putSecret, "private": checkPrivate,
			"secrets": noSecrets, "handle": findHandle, "room": addRoom, "addaccount": addAccount,
			"refusals": makeRefusals, "answering": answerReady,
		},
	})
}

// exits is exec for a program that must end with exactly this code: exits CODE PROGRAM ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("%q exits with %d, want %s", args[1:], got, want)
	}
}
