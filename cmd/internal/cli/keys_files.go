package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newKeysGenerate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "generate --out FILE",
		Short: "Write a key to a file, for signingKeys.files",
		Long: "Makes an RSA key, for those who keep keys themselves, such as for a Talk 4 without the plugin. The file holds the\n" +
			"private half, unencrypted (PKCS #8); only its owner may read it. What is left to do with it is printed.",
		Args: noArgs,
	}
	file := cmd.Flags().String("out", "", "a `FILE` that must not be there yet")
	bits := cmd.Flags().Int("bits", 2048, "the `SIZE` of the key, 2048 to 4096")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag was added two lines above
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		pem, made, err := app.GenerateKey(*bits)
		if err != nil {
			return usage(cmd, fmt.Errorf("--bits: %w", err))
		}
		if err := writeNew(*file, pem.Reveal()); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "%s holds the private half of %s. For the gateway to sign with it, give the chat's section this, and restart:\n"+
			"signingKeys: {files: [%q]}\n\n"+
			"Coral, and Talk 4 with chatgate's plugin, read the public half by themselves. Talk 4 without the plugin needs it as an\n"+
			"entry of TALK_JWT_SECRETS, after its own:\n",
			*file, made.KID, *file)
		return printEntry(out, made)
	}
	return cmd
}

// writeNew writes a file that must not be there yet, for its owner alone. One that could not be written whole is no key,
// so it is not left behind.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write signing key: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write signing key: %w", err), os.Remove(path))
	}
	return nil
}
