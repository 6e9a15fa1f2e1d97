package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newAccounts() *cobra.Command {
	cmd := &cobra.Command{
		Use: "accounts", Short: "See and change whose account in a chat is whose",
		Long: "A person is a provider's key in the configuration and the subject that the provider knows them by. These commands\n" +
			"work on the store directly, also while the gateway runs.\n\n" +
			"They are about the accounts of a Rocket.Chat. With --chat naming comments, list, unlink, export and import are about\n" +
			"the people who kept their user id there when their provider was replaced.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAccountsList(), newAccountsLink(), newAccountsUnlink(), newAccountsExport(), newAccountsImport(),
		newAccountsDeactivate(), newAccountsActivate())
	return cmd
}

// atDesk makes a command that works at the desk of one chat.
func atDesk(cmd *cobra.Command, work func(tools *app.Tools, desk *app.Desk) error) {
	cmd.Args = noArgs
	path, name := configFlag(cmd), chatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withTools(cmd, *path, func(tools *app.Tools) error {
			desk, err := tools.Desk(*name)
			if err == nil {
				err = tools.Lasting()
			}
			if err != nil {
				return &misuseError{err}
			}
			return work(tools, desk)
		})
	}
}

func newAccountsList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list --config FILE",
		Short: "List every link: provider, subject and user id",
		Long: "Lists every link. One of the first release shows unknown until its person signs in again: it is kept under a\n" +
			"name that leads back to nobody. Of comments it lists who has somebody's former user id, and whose.",
	}
	atAccounts(cmd, func(_ *app.Tools, desk *app.Desk) error { return listLinks(cmd, desk) },
		func(_ *app.Tools, aliases *app.Aliases) error { return listAliases(cmd, aliases) })
	return cmd
}

func listLinks(cmd *cobra.Command, desk *app.Desk) error {
	links, err := desk.List(cmd.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROVIDER\tSUBJECT\tUSER ID")
	for _, l := range links {
		fmt.Fprintf(w, "%s\t%s\t%s\n", known(l.Provider), known(l.Subject), l.UserID)
	}
	return w.Flush()
}

// known is a part of a link for people, quoted where it would break the line.
func known(text string) string {
	switch quoted := strconv.Quote(text); {
	case text == "":
		return "unknown"
	case quoted != `"`+text+`"` || strings.Contains(text, " "):
		return quoted
	}
	return text
}

func newAccountsLink() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link --config FILE --provider KEY --subject SUBJECT (--username NAME | --user-id ID)",
		Short: "Give an account to a person, an administrator's too",
		Long: "Gives an account to a person, in place of the one they had. What they have open there is revoked. An account that\n" +
			"is linked to somebody else takes --move, an administrator's takes --admin: make sure whose it is.",
	}
	var r app.LinkRequest
	cmd.Flags().StringVar(&r.Provider, "provider", "", "the provider's `KEY` in the configuration")
	cmd.Flags().StringVar(&r.Subject, "subject", "", "the `SUBJECT` that the provider knows the person by")
	cmd.Flags().StringVar(&r.Account.Username, "username", "", "the account by its `NAME` in Rocket.Chat")
	cmd.Flags().StringVar(&r.Account.UserID, "user-id", "", "the account by its `ID` in Rocket.Chat")
	cmd.Flags().BoolVar(&r.Admin, "admin", false, "the account may be an administrator's")
	cmd.Flags().BoolVar(&r.Move, "move", false, "take the account from whoever it is linked to")
	atDesk(cmd, func(tools *app.Tools, desk *app.Desk) error {
		if err := checkLink(tools, r); err != nil {
			return usage(cmd, err)
		}
		done, err := desk.Link(cmd.Context(), r)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "%s (%s, roles %s) is linked to subject %s of provider %s\n",
			printable(done.Account.Username), done.Account.UserID, printable(strings.Join(done.Account.Roles, ", ")), known(r.Subject), r.Provider)
		if done.Taken != nil {
			fmt.Fprintf(out, "it was taken from subject %s of provider %s\n", known(done.Taken.Subject), known(done.Taken.Provider))
			warnUnreachable(cmd, *done.Taken)
		}
		if done.Former != "" {
			fmt.Fprintf(out, "the person had account %s before, which is nobody's now; their logins there are being revoked\n", done.Former)
		}
		return nil
	})
	return cmd
}

func checkLink(tools *app.Tools, r app.LinkRequest) error {
	switch {
	case r.Provider == "" || r.Subject == "":
		return errors.New("--provider and --subject must say who the person is")
	case (r.Account.Username == "") == (r.Account.UserID == ""):
		return errors.New("one of --username and --user-id must name the account")
	case !slices.Contains(tools.Providers(), r.Provider):
		return fmt.Errorf("--provider must be one of %s, got %q", strings.Join(tools.Providers(), ", "), r.Provider)
	}
	return nil
}

func newAccountsUnlink() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unlink --config FILE (--provider KEY --subject SUBJECT | --user-id ID)",
		Short: "Forget whose an account is, and end what that person has open in it",
		Long: "Forgets a link and has that person's logins revoked, which the running gateway does within seconds. It bars nobody:\n" +
			"at the next sign-in the rules for finding accounts apply anew. In comments the user id goes back to who had it before.",
	}
	var l app.Link
	cmd.Flags().StringVar(&l.Provider, "provider", "", "the provider's `KEY`; it need not be in the configuration any more")
	cmd.Flags().StringVar(&l.Subject, "subject", "", "the `SUBJECT` that the provider knows the person by")
	cmd.Flags().StringVar(&l.UserID, "user-id", "", "the account by its `ID` in the chat")
	checked := func(work func() error) error {
		byPerson := l.Provider != "" && l.Subject != ""
		if byPerson == (l.UserID != "") || !byPerson && (l.Provider != "" || l.Subject != "") {
			return usage(cmd, errors.New("either --provider and --subject, or --user-id must say which link"))
		}
		return work()
	}
	atAccounts(cmd, func(_ *app.Tools, desk *app.Desk) error {
		return checked(func() error { return unlinkAccount(cmd, desk, l) })
	}, func(_ *app.Tools, aliases *app.Aliases) error {
		return checked(func() error { return unlinkAlias(cmd, aliases, l) })
	})
	return cmd
}

func unlinkAccount(cmd *cobra.Command, desk *app.Desk, l app.Link) error {
	link, err := unlink(cmd, desk, l)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "account %s is not linked to subject %s of provider %s any more\n", link.UserID, known(link.Subject), known(link.Provider))
	warnUnreachable(cmd, link)
	return nil
}

func unlink(cmd *cobra.Command, desk *app.Desk, l app.Link) (link app.Link, err error) {
	if l.UserID != "" {
		link, err = desk.UnlinkAccount(cmd.Context(), l.UserID)
	} else {
		link, err = desk.Unlink(cmd.Context(), l.Provider, l.Subject)
	}
	if errors.Is(err, app.ErrNotLinked) {
		err = errors.New("there is no such link")
	}
	return link, err
}

// warnUnreachable says what the command could not do about a link that does not tell whose it is.
func warnUnreachable(cmd *cobra.Command, l app.Link) {
	if !l.Known() {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning: it is not known whose logins are open there, so none is revoked: log the account out in Rocket.Chat")
	}
}
