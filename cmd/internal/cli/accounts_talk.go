package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

// atAccounts makes a command about whose account is whose in one chat: at the desk of a Rocket.Chat, or where --chat names
// comments, with the user ids that people kept there.
func atAccounts(cmd *cobra.Command, atDesk func(*app.Tools, *app.Desk) error, atSite func(*app.Tools, *app.Aliases) error) {
	cmd.Args = noArgs
	path, name := configFlag(cmd), chatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withTools(cmd, *path, func(tools *app.Tools) error {
			if err := tools.Lasting(); err != nil {
				return &misuseError{err}
			}
			if tools.HasComments(*name) {
				site, err := tools.TalkSite(*name)
				if err != nil {
					return &misuseError{err}
				}
				return atSite(tools, site.Aliases())
			}
			desk, err := tools.Desk(*name)
			if err != nil {
				return &misuseError{err}
			}
			return atDesk(tools, desk)
		})
	}
}

// listAliases lists who has kept a user id at a site of comments. Everybody else's is derived, and listed nowhere.
func listAliases(cmd *cobra.Command, aliases *app.Aliases) error {
	all, err := aliases.List(cmd.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROVIDER\tSUBJECT\tUSER ID\tFORMER PROVIDER\tFORMER SUBJECT")
	for _, a := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Provider, known(a.Subject), a.UserID, known(a.FormerProvider), known(a.FormerSubject))
	}
	return w.Flush()
}

// unlinkAlias gives a user id back to who had it before.
func unlinkAlias(cmd *cobra.Command, aliases *app.Aliases, l app.Link) (err error) {
	var gone app.Alias
	if l.UserID != "" {
		gone, err = aliases.UnlinkUser(cmd.Context(), l.UserID)
	} else {
		gone, err = aliases.Unlink(cmd.Context(), l.Provider, l.Subject)
	}
	if errors.Is(err, app.ErrNotLinked) {
		return errors.New("there is no such link")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "user id %s is not that of subject %s of provider %s any more, and again that of subject %s of provider %s\n",
		gone.UserID, known(gone.Subject), known(gone.Provider), known(gone.FormerSubject), known(gone.FormerProvider))
	return nil
}

func exportAliases(cmd *cobra.Command, aliases *app.Aliases, file string) error {
	written, erased, err := exportTo(cmd, file, func(w io.Writer) (int, int, error) { return aliases.Export(cmd.Context(), w) })
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d links written\n", written)
	if erased > 0 {
		return fmt.Errorf("%d links are left out: the person who had the user id before was erased", erased)
	}
	return nil
}

// importAliases lets people keep their user ids: by a map, or as export wrote it.
func importAliases(cmd *cobra.Command, tools *app.Tools, aliases *app.Aliases, flags importFlags) error {
	if err := flags.checkComments(); err != nil {
		return usage(cmd, err)
	}
	how := app.AliasImport{Providers: tools.Providers(), Move: flags.move, DryRun: flags.dryRun}
	if flags.subjects != "" {
		subjects, err := readMap(flags.subjects, app.ReadMap)
		if err != nil {
			return err
		}
		r := app.Replacement{Former: flags.from, Provider: flags.provider, Subjects: subjects}
		if r.Provider == "" {
			r.Provider = r.Former
		}
		return tellImport(cmd, flags, func(told func(app.ImportedLine)) error {
			return aliases.Replace(cmd.Context(), r, how, told)
		})
	}
	lines, done, err := open(cmd, flags.file)
	if err != nil {
		return err
	}
	defer done()
	return tellImport(cmd, flags, func(told func(app.ImportedLine)) error {
		return aliases.Import(cmd.Context(), lines, how, told)
	})
}

// checkComments holds the flags to what can be asked of comments, where nobody's user id is listed beforehand.
func (f importFlags) checkComments() error {
	switch {
	case f.admin:
		return errors.New("--admin is for a Rocket.Chat: the comments keep people's roles by themselves")
	case f.subjects != "" && f.file != "":
		return errors.New("--map and --file exclude each other for comments, where the map alone says who is who")
	case (f.subjects != "") != (f.from != ""):
		return errors.New("--map and --from go together: --from names the provider of the old subjects")
	case f.provider != "" && f.from == "":
		return errors.New("--provider needs --map and --from")
	}
	return nil
}

// checkDesk holds the flags to what can be asked of a Rocket.Chat.
func (f importFlags) checkDesk() error {
	if f.from != "" || f.move {
		return errors.New("--from and --move are for comments: in a Rocket.Chat the links that are read say who had an account")
	}
	return nil
}
