package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newAccountsExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export --config FILE",
		Short: "Write every link as a line of JSON",
		Long: "Writes one JSON object for each link, with provider, subject and user_id, to standard output or to a new file. Of\n" +
			"comments it writes who has somebody's former user id, with former_provider and former_subject.",
	}
	file := cmd.Flags().String("file", "", "a `FILE` that must not be there yet; only its owner may read it")
	atAccounts(cmd, func(_ *app.Tools, desk *app.Desk) error { return exportLinks(cmd, desk, *file) },
		func(_ *app.Tools, aliases *app.Aliases) error { return exportAliases(cmd, aliases, *file) })
	return cmd
}

func exportLinks(cmd *cobra.Command, desk *app.Desk, file string) error {
	written, unknown, err := exportTo(cmd, file, func(w io.Writer) (int, int, error) { return desk.Export(cmd.Context(), w) })
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d links written\n", written)
	if unknown > 0 {
		return fmt.Errorf("%d links are left out: they do not tell whose they are until their people sign in again", unknown)
	}
	return nil
}

// exportTo has lines written to a new file, or to standard output where none is named.
func exportTo(cmd *cobra.Command, file string, write func(io.Writer) (written, left int, err error)) (written, left int, err error) {
	if file == "" {
		return write(cmd.OutOrStdout())
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: the operator's own choice
	if err != nil {
		return 0, 0, fmt.Errorf("write account links: %w", err)
	}
	written, left, err = write(f)
	return written, left, errors.Join(err, f.Close())
}

// importFlags are what `accounts import` was asked to do.
type importFlags struct {
	file, subjects, from, provider string
	admin, move, dryRun            bool
}

func newAccountsImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import --config FILE",
		Short: "Read links as export writes them, also for a provider that was replaced",
		Long: "Reads one JSON object from each line. A line whose account or person is linked otherwise is refused with its\n" +
			"number and changes nothing; the others are carried out. What stands already is left alone, so it may be repeated.\n" +
			"Rocket.Chat is asked about each account that is new here: what link refuses is refused.\n\n" +
			"When a provider was replaced, --map names a file with the old subject, a tab and the new subject on each line, and\n" +
			"--provider the new provider's key where that changed too. The account then moves from the old person on the line to\n" +
			"the new one, and what the old one has open there is revoked.\n\n" +
			"Comments know everybody by a user id that is made of provider and subject. There the map alone says who keeps theirs:\n" +
			"--from is the old provider's key, and no links are read. Who is signed in with the old subject takes --move. Without\n" +
			"--map it reads what export wrote of comments.",
	}
	var flags importFlags
	cmd.Flags().StringVar(&flags.file, "file", "", "the `FILE` to read; standard input without it")
	cmd.Flags().StringVar(&flags.subjects, "map", "", "a `FILE` of old and new subjects")
	cmd.Flags().StringVar(&flags.from, "from", "", "comments: the `KEY` of the provider that was replaced; it need not be in the configuration any more")
	cmd.Flags().StringVar(&flags.provider, "provider", "", "the `KEY` of the provider that every link is given")
	cmd.Flags().BoolVar(&flags.admin, "admin", false, "accounts may be administrators'")
	cmd.Flags().BoolVar(&flags.move, "move", false, "comments: take user ids from people who are signed in, too")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "say what would be done, and change nothing")
	atAccounts(cmd, func(tools *app.Tools, desk *app.Desk) error { return importLinks(cmd, tools, desk, flags) },
		func(tools *app.Tools, aliases *app.Aliases) error { return importAliases(cmd, tools, aliases, flags) })
	return cmd
}

func importLinks(cmd *cobra.Command, tools *app.Tools, desk *app.Desk, flags importFlags) error {
	if err := flags.checkDesk(); err != nil {
		return usage(cmd, err)
	}
	how := app.Import{Providers: tools.Providers(), Provider: flags.provider, Admin: flags.admin, DryRun: flags.dryRun}
	var err error
	if how.Subjects, err = readMap(flags.subjects, app.ReadSubjects); err != nil {
		return err
	}
	lines, done, err := open(cmd, flags.file)
	if err != nil {
		return err
	}
	defer done()
	return tellImport(cmd, flags, func(told func(app.ImportedLine)) error { return desk.Import(cmd.Context(), lines, how, told) })
}

// tellImport says which lines are refused and why, and what became of them all.
func tellImport(cmd *cobra.Command, flags importFlags, read func(told func(app.ImportedLine)) error) error {
	count := map[app.Outcome]int{}
	err := read(func(line app.ImportedLine) {
		count[line.Outcome]++
		if line.Outcome == app.ImportRefused {
			fmt.Fprintf(cmd.ErrOrStderr(), "line %d: refused: %s\n", line.Number, printable(line.Why))
		}
	})
	summary := "%d linked, %d moved, %d unchanged, %d refused\n"
	if flags.dryRun {
		summary = "nothing was changed; it would be: " + summary
	}
	refused := count[app.ImportRefused]
	fmt.Fprintf(cmd.OutOrStdout(), summary, count[app.ImportLinked], count[app.ImportMoved], count[app.ImportUnchanged], refused)
	if err == nil && refused > 0 {
		err = fmt.Errorf("import: %d lines were refused", refused)
	}
	return err
}

// readMap reads a map of subjects; without a file there is none.
func readMap[M any](file string, read func(io.Reader) (M, error)) (subjects M, err error) {
	if file == "" {
		return subjects, nil
	}
	f, err := os.Open(file) //nolint:gosec // G304: the operator's own choice
	if err != nil {
		return subjects, fmt.Errorf("read map of subjects: %w", err)
	}
	defer func() { _ = f.Close() }()
	if subjects, err = read(f); err != nil {
		return subjects, fmt.Errorf("%s: %w", file, err)
	}
	return subjects, nil
}

// open is the file, or standard input without one.
func open(cmd *cobra.Command, file string) (lines io.Reader, done func(), err error) {
	if file == "" {
		return cmd.InOrStdin(), func() {}, nil
	}
	f, err := os.Open(file) //nolint:gosec // G304: the operator's own choice
	if err != nil {
		return nil, nil, fmt.Errorf("read account links: %w", err)
	}
	return f, func() { _ = f.Close() }, nil
}
