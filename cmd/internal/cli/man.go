package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newMan() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Print the manual page of chatgate and all its commands",
		Long:  "Prints chatgate(1) as roff: chatgate man | man -l -",
		Args:  noArgs,
	}
	dir := cmd.Flags().String("out", "", "write chatgate.1 into this `DIR`, such as /usr/local/share/man/man1")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		manual := manualOf(cmd.Root(), app.Version())
		if *dir == "" {
			_, err := io.WriteString(cmd.OutOrStdout(), manual)
			return err
		}
		path := filepath.Join(*dir, "chatgate.1")
		if err := os.WriteFile(path, []byte(manual), 0o644); err != nil { //nolint:gosec // G306: everybody reads manuals
			return fmt.Errorf("write manual: %w", err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", path)
		return nil
	}
	return cmd
}
