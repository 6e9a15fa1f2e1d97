package cli

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run the gateway until SIGINT or SIGTERM",
		Long: "Runs the gateway until SIGINT or SIGTERM. The configuration and the files that it names are looked at now and then\n" +
			"(reload.every) and read again at a SIGHUP: what has changed is taken up without a restart, and what is wrong is\n" +
			"refused, with the log saying why, while the former configuration goes on.",
		Args: noArgs,
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
		runner, err := app.NewRunner(app.FromFile(*path, app.Chats(), warnings(cmd)), app.Lends{})
		if err != nil {
			return &misuseError{err} // it dials nothing and listens to nothing: only the configuration can be wrong
		}
		return runner.Run(cmd.Context(), hangups)
	}
	return cmd
}
