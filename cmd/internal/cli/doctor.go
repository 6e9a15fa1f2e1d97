package cli

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newDoctor() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor (--config FILE | --target URL)",
		Short: "Look the installation over and say what to change",
		Long: "Looks at the store, the replicas, every provider, every chat, and whether browsers reach the gateway, without\n" +
			"serving anybody. Prints one line for each part, and in full what failed and what should be looked at, each with what\n" +
			"to change. To see whether Rocket.Chat makes login tokens it has one made for the service account, and revokes it;\n" +
			"to see whether the provider knows the gateway it begins a sign-in that nobody finishes.\n" +
			"It sees Coral's settings with a token of somebody with the role ADMIN there, in the environment variable\n" +
			app.AdminTokenVariable + ", or with several Corals in " + app.AdminTokenVariable + "_ and the chat's name in capitals.\n\n" +
			"With --target it needs no configuration: it asks a running gateway's admin listener for /readyz, and fails unless\n" +
			"the answer is 200.\n\n" +
			"Exits with 0 when nothing failed, with 1 when something did, and with 2 when the\n" +
			"configuration or the command line cannot be used.",
		Args: noArgs,
	}
	path := cmd.Flags().StringP("config", "c", "", "the configuration `FILE`; the variable "+configVariable+" may name it instead")
	target := cmd.Flags().String("target", "", "the `URL` of a running gateway's /readyz, in place of a configuration")
	var form form
	cmd.Flags().BoolVar(&form.json, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&form.all, "all", false, "print in full what is well, too")
	cmd.Flags().BoolVar(&form.quiet, "quiet", false, "print only what failed and what should be looked at")
	cmd.MarkFlagsMutuallyExclusive("config", "target")
	cmd.MarkFlagsMutuallyExclusive("json", "all", "quiet")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *target != "" {
			return askTarget(cmd, *target, form)
		}
		if *path == "" {
			*path = os.Getenv(configVariable)
		}
		if *path == "" {
			return usage(cmd, errors.New("one of the flags --config and --target is needed"))
		}
		return withTools(cmd, *path, func(tools *app.Tools) error {
			return report(cmd.OutOrStdout(), tools.Doctor(cmd.Context()), form)
		})
	}
	return cmd
}

func askTarget(cmd *cobra.Command, address string, f form) error {
	target, err := app.ReadyAddress(address)
	if err != nil {
		return &misuseError{errors.New("--target: " + err.Error())}
	}
	return report(cmd.OutOrStdout(), app.AskReady(cmd.Context(), target), f)
}
