package cli

import (
	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run the gateway until SIGINT or SIGTERM",
		Args:  noArgs,
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := load(cmd, *path)
		if err != nil {
			return err
		}
		gateway, err := app.Open(loaded.Config, app.Lends{})
		if err != nil {
			return &misuseError{err} // it dials nothing and listens to nothing: only the configuration can be wrong
		}
		return gateway.Run(cmd.Context())
	}
	return cmd
}
