package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newAccountsDeactivate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deactivate --config FILE (--provider KEY --subject SUBJECT | --user-id ID)",
		Short: "Switch off the Rocket.Chat account of a person who leaves",
		Long: "Switches an account off in Rocket.Chat, which ends all its logins and personal access tokens, and ends the person's\n" +
			"sessions here. Nothing that was written is lost. An administrator's account takes --admin. An account that alone owns\n" +
			"rooms takes --relinquish: Rocket.Chat gives them to other members, and removes those in which nobody else is.\n\n" +
			"Where Rocket.Chat is down or refuses, the sessions end all the same, and the exit status is 1.\n" +
			"The account stays linked to its person, so that activate brings everything back. It may be repeated.",
	}
	var r app.StatusRequest
	cmd.Flags().BoolVar(&r.Relinquish, "relinquish", false, "give up the rooms that the account alone owns")
	atAccount(cmd, &r, func(tools *app.Tools, desk *app.Desk) error { return deactivate(cmd, tools, desk, r) })
	return cmd
}

func newAccountsActivate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "activate --config FILE (--provider KEY --subject SUBJECT | --user-id ID)",
		Short: "Switch a Rocket.Chat account on again",
		Long:  "Switches an account on that was deactivated. An administrator's takes --admin. It may be repeated.",
	}
	var r app.StatusRequest
	atAccount(cmd, &r, func(_ *app.Tools, desk *app.Desk) error {
		done, err := desk.Activate(cmd.Context(), r)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s is active%s\n", theAccount(done), already(done))
		return nil
	})
	return cmd
}

// atAccount makes a command about one account, of a person or by its id.
func atAccount(cmd *cobra.Command, r *app.StatusRequest, work func(tools *app.Tools, desk *app.Desk) error) {
	person := addPerson(cmd)
	cmd.Flags().StringVar(&r.UserID, "user-id", "", "the account by its `ID` in Rocket.Chat")
	cmd.Flags().BoolVar(&r.Admin, "admin", false, "the account may be an administrator's")
	atDesk(cmd, func(tools *app.Tools, desk *app.Desk) error {
		if err := person.whole(); err != nil || person.given() == (r.UserID != "") {
			return usage(cmd, errors.New("either --provider and --subject, or --user-id must say which account"))
		}
		r.Provider, r.Subject = person.provider, person.subject
		return work(tools, desk)
	})
}

// deactivate switches the account off before it ends the sessions: a sign-in in between finds it switched off. Where that
// fails the sessions end all the same, for Rocket.Chat may be down when somebody has to go.
func deactivate(cmd *cobra.Command, tools *app.Tools, desk *app.Desk, r app.StatusRequest) error {
	out := cmd.OutOrStdout()
	done, left := desk.Deactivate(cmd.Context(), r)
	if left == nil {
		fmt.Fprintf(out, "%s is deactivated%s\n", theAccount(done), already(done))
	}
	who := personOf(done, r)
	if who == (app.Which{}) {
		if left == nil {
			fmt.Fprintln(out, "it is linked to nobody, so that no session here is ended")
		}
		return left
	}
	ended, err := tools.Sessions().End(cmd.Context(), who)
	if err != nil {
		return errors.Join(left, fmt.Errorf("sessions of the person may be left: run this again: %w", err))
	}
	fmt.Fprintf(out, "%s of subject %s of provider %s ended\n", sessions(ended), known(who.Subject), known(who.Provider))
	if left != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "the account may be active still, and its person may sign in again: run this again when what follows is mended")
		return left
	}
	if desk.Reactivates(done.Account) {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning: accounts.reactivate is on: their next sign-in switches the account on again")
	}
	return nil
}

// personOf is whose sessions end with an account: its person's, as far as that is known.
func personOf(done app.StatusChange, r app.StatusRequest) app.Which {
	if done.Link.Known() {
		return app.Which{Provider: done.Link.Provider, Subject: done.Link.Subject}
	}
	return app.Which{Provider: r.Provider, Subject: r.Subject}
}

func theAccount(c app.StatusChange) string {
	return fmt.Sprintf("%s (%s)", printable(c.Account.Username), c.Account.UserID)
}

func already(c app.StatusChange) string {
	if c.Already {
		return ", as it was before"
	}
	return ""
}
