// Package cli holds the commands of chatgate. Each command is one file; this one ties them together.
//
// Commands print results to standard output and everything else to standard error. They exit with 0 when all is well,
// with 1 when something failed, and with 2 when the command line or the configuration is wrong.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

// The exit codes.
const (
	ok     = 0
	failed = 1
	misuse = 2
)

// Streams are where a command writes, and where it reads answers: standard input when In is nil.
type Streams struct {
	Out, Err io.Writer
	In       io.Reader
}

// Run carries out one command line and returns the process's exit code.
func Run(ctx context.Context, args []string, streams Streams) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetIn(newInput(ctx, streams.In))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ok
	}
	fmt.Fprintln(streams.Err, printableLines(err.Error()))
	if _, wrong := errors.AsType[*misuseError](err); wrong {
		return misuse
	}
	return failed
}

// misuseError is a command line or a configuration that cannot be carried out as it is, however often one tries.
type misuseError struct{ error }

// usage says of an error what is wrong with the command line, and where help is; nil stays nil.
func usage(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return &misuseError{fmt.Errorf("%w\nSee %s --help", err, cmd.CommandPath())}
}

// flagError is for a flag that a command does not have. After the name of a command that is not there, that name is what
// is wrong: the flag may well have been one of the command that was meant.
func flagError(cmd *cobra.Command, err error) error {
	if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 {
		return noArgs(cmd, words)
	}
	return usage(cmd, err)
}

// noArgs is for every command: none takes anything but flags and the name of a command below it.
func noArgs(cmd *cobra.Command, args []string) error { return usage(cmd, cobra.NoArgs(cmd, args)) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "chatgate",
		Short: "One sign-in opens Rocket.Chat, Talk and Coral",
		Long: "chatgate signs people in once, at their organisation's OpenID provider, and lets Rocket.Chat, Talk and" +
			" Coral trust that sign-in.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// cobra asks this again right before RunE, in words that do not say where help is.
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return usage(cmd, errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()))
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newServe(), newInit(), newConfig(), newDoctor(), newSetup(), newAccounts(), newSessions(), newSubject(), newKeys(), newTalk(), newExplain(), newVersion(),
		newCompletion(), newMan())
	completeAll(root)
	return root
}

// configVariable names the configuration where a command line does not, as in a container, which has one.
const configVariable = "CHATGATE_CONFIG"

// configFlag adds --config, which every command that needs the configuration has.
func configFlag(cmd *cobra.Command) *string {
	named := os.Getenv(configVariable)
	path := cmd.Flags().StringP("config", "c", named, "the configuration `FILE`; the variable "+configVariable+" may name it instead")
	if named != "" {
		return path
	}
	if err := cmd.MarkFlagRequired("config"); err != nil {
		panic(err) // the flag was added one line above
	}
	return path
}

// load reads the configuration and tells what should be mended.
func load(cmd *cobra.Command, path string) (app.Loaded, error) {
	loaded, err := app.Load(path, app.Chats(), warnings(cmd))
	if err != nil {
		return app.Loaded{}, &misuseError{err}
	}
	return loaded, nil
}

// warnings tells what should be mended in a configuration.
func warnings(cmd *cobra.Command) func(key, text string) {
	return func(key, text string) { fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s: %s\n", key, text) }
}
