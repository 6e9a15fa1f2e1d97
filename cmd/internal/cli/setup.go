package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newSetup() *cobra.Command {
	cmd := &cobra.Command{Use: "setup", Short: "Point a chat at the gateway, and back", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(newSetupRocketChat(), newSetupTalk())
	return cmd
}

// setupFlags are what `setup rocketchat` was asked to do.
type setupFlags struct {
	apply, undo, yes bool
}

func newSetupRocketChat() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rocketchat --config FILE",
		Short: "Show, set or put back Rocket.Chat's iframe settings",
		Long: "Without --apply or --undo it shows what is not as it must be, and changes nothing.\n" +
			"--apply remembers each setting, sets it and reads it back, the one that replaces the login page last. It refuses\n" +
			"when people would stand before a login page that does not let them in. --undo puts back what was there before the\n" +
			"first --apply. Both may be repeated after an error. The service account needs the permissions\n" +
			"view-privileged-setting and edit-privileged-setting.",
		Args: noArgs,
	}
	path, name := configFlag(cmd), chatFlag(cmd)
	var flags setupFlags
	cmd.Flags().BoolVar(&flags.apply, "apply", false, "make the changes")
	cmd.Flags().BoolVar(&flags.undo, "undo", false, "put back what was there before")
	cmd.Flags().BoolVar(&flags.yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if flags.apply && flags.undo {
			return usage(cmd, errors.New("--apply and --undo contradict each other"))
		}
		return withTools(cmd, *path, func(tools *app.Tools) error {
			setup, err := tools.Setup(*name)
			if err == nil && (flags.apply || flags.undo) {
				err = tools.Lasting()
			}
			if err != nil {
				return &misuseError{err}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n", app.WayBack)
			if flags.undo {
				return undo(cmd, setup, flags.yes)
			}
			return apply(cmd, setup, flags)
		})
	}
	return cmd
}

func apply(cmd *cobra.Command, setup *app.Setup, flags setupFlags) error {
	out := cmd.OutOrStdout()
	plan, err := setup.Plan(cmd.Context())
	if err != nil {
		return fmt.Errorf("%w; run chatgate doctor to see more", err)
	}
	for _, text := range plan.ByHand {
		fmt.Fprintf(out, "by hand: %s\n", printable(text))
	}
	switch {
	case len(plan.Changes) == 0 && len(plan.ByHand) > 0:
		fmt.Fprintln(out, "Rocket.Chat's other settings are as they must be.")
		return nil
	case len(plan.Changes) == 0:
		fmt.Fprintln(out, "Rocket.Chat's settings are as they must be.")
		return nil
	}
	show(out, "to change:", plan.Changes)
	obstacles := setup.Obstacles(cmd.Context())
	for _, f := range obstacles {
		fmt.Fprintf(out, "fail  %s: %s\n", f.Name, printable(f.Text))
	}
	if goOn, err := mayApply(cmd, flags, len(obstacles)); !goOn {
		return err
	}
	if err := setup.Apply(cmd.Context(), plan, told(out)); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nDone. Open the chat in a private window. To go back: the same command with --undo.")
	return nil
}

// mayApply says whether changes that were shown are to be made: where nothing stands in the way, that was asked for and a
// person has agreed.
func mayApply(cmd *cobra.Command, flags setupFlags, obstacles int) (goOn bool, err error) {
	out := cmd.OutOrStdout()
	switch {
	case obstacles > 0 && flags.apply:
		return false, errors.New("nothing was changed: mend what failed first")
	case obstacles > 0:
		fmt.Fprintln(out, "\nNothing was changed. Mend what failed, then run this again.")
		return false, nil
	case !flags.apply:
		fmt.Fprintln(out, "\nNothing was changed. Run this again with --apply.")
		return false, nil
	}
	err = confirm(cmd, flags.yes)
	return err == nil, err
}

// undoer is a set-up of some chat that can be put back.
type undoer interface {
	UndoPlan(ctx context.Context) ([]app.Change, error)
	Undo(ctx context.Context, changes []app.Change, told func(app.Change)) error
}

// undo shows what would be put back, asks, and has it done.
func undo(cmd *cobra.Command, setup undoer, yes bool) error {
	changes, err := setup.UndoPlan(cmd.Context())
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if len(changes) == 0 { // what is remembered goes, and nobody needs to be asked
		fmt.Fprintln(out, "There is nothing to put back.")
	} else {
		show(out, "to put back:", changes)
		if err := confirm(cmd, yes); err != nil {
			return err
		}
	}
	if err := setup.Undo(cmd.Context(), changes, told(out)); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nDone. Everything is as it was before.")
	return nil
}

func show(w io.Writer, title string, changes []app.Change) {
	fmt.Fprintln(w, title)
	for _, change := range changes {
		fmt.Fprintf(w, "  %s\n", printable(change.String()))
	}
}

func told(w io.Writer) func(app.Change) {
	return func(change app.Change) { fmt.Fprintf(w, "set  %s\n", printable(change.String())) }
}

// confirm asks a person to type yes, unless that was said on the command line.
func confirm(cmd *cobra.Command, yes bool) error {
	if yes {
		return nil
	}
	fmt.Fprint(cmd.OutOrStdout(), "Type yes to go on: ")
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if errors.Is(err, errInterrupted) {
		return errors.New("\nnothing was changed: interrupted")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was changed: the answer was not yes")
	}
	return nil
}
