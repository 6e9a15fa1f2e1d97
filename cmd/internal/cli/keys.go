package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newKeys() *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "See, rotate and remove the keys that sign for Talk and Coral",
		Long: "The gateway makes and replaces these keys by itself: signingKeys.rotateEvery says how often. list, rotate and remove\n" +
			"work on the store directly, also while the gateway runs; a change reaches every replica within a minute.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysList(), newKeysRotate(), newKeysRemove(), newKeysGenerate())
	return cmd
}

// atKeys makes a command that works on the signing keys of one chat.
func atKeys(cmd *cobra.Command, work func(desk *app.KeyDesk) error) {
	cmd.Args = noArgs
	path := configFlag(cmd)
	name := cmd.Flags().String("chat", "", "the `NAME` of the chat in the configuration; not needed where one chat has signing keys")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withTools(cmd, *path, func(tools *app.Tools) error {
			desk, err := tools.SigningKeys(*name)
			if err == nil {
				err = tools.Lasting()
			}
			if err != nil {
				return &misuseError{err}
			}
			return keyTrouble(desk, work(desk))
		})
	}
}

// keyTrouble says what to do about an error that the state of the keys explains.
func keyTrouble(desk *app.KeyDesk, err error) error {
	switch {
	case errors.Is(err, app.ErrKeysFromFiles):
		return &misuseError{fmt.Errorf("chat %s signs with keys from files: change chats.%s.signingKeys.files, and restart the gateway",
			desk.Chat, desk.Chat)}
	case errors.Is(err, app.ErrNoKeysYet):
		return fmt.Errorf("chat %s has no keys yet: the gateway makes the first one when it starts", desk.Chat)
	case errors.Is(err, app.ErrNoKey):
		return fmt.Errorf("chat %s has no such key: chatgate keys list shows those it has", desk.Chat)
	}
	return err
}

func newKeysList() *cobra.Command {
	cmd := &cobra.Command{Use: "list --config FILE", Short: "List the published keys of a chat, and what each does"}
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	atKeys(cmd, func(desk *app.KeyDesk) error {
		o, err := desk.Overview(cmd.Context())
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(listing(desk.Chat, o))
		}
		return listKeys(cmd.OutOrStdout(), o)
	})
	return cmd
}

func listKeys(out io.Writer, o app.KeyOverview) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY ID\tSTATE\tCREATED")
	for _, key := range o.Keys {
		created := "by the operator"
		if !o.FromFiles {
			created = app.Moment(key.Created)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", key.KID, does(key), created)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	if !o.Next.IsZero() {
		fmt.Fprintf(out, "another key takes over at %s\n", app.Moment(o.Next))
	}
	return nil
}

// does says in words what a key does now.
func does(key app.SigningKey) string {
	switch {
	case key.State() == app.KeySigning:
		return "signs"
	case key.State() == app.KeyWaiting:
		return "waits until " + app.Moment(key.SignsFrom)
	case key.Until.IsZero():
		return "published"
	}
	return "published until " + app.Moment(key.Until)
}

// keyListing is what programs read of a chat's keys.
type keyListing struct {
	Chat      string      `json:"chat"`
	FromFiles bool        `json:"from_files"`
	Next      time.Time   `json:"next,omitzero"`
	Keys      []listedKey `json:"keys"`
}

type listedKey struct {
	KID       string    `json:"kid"`
	State     string    `json:"state"` // waiting, signing, published
	Created   time.Time `json:"created,omitzero"`
	SignsFrom time.Time `json:"signs_from,omitzero"`
	Until     time.Time `json:"until,omitzero"`
}

func listing(chat string, o app.KeyOverview) keyListing {
	l := keyListing{Chat: chat, FromFiles: o.FromFiles, Next: o.Next, Keys: []listedKey{}}
	for _, key := range o.Keys {
		l.Keys = append(l.Keys, listedKey{
			KID: key.KID, State: string(key.State()), Created: key.Created, SignsFrom: key.SignsFrom, Until: key.Until,
		})
	}
	return l
}

func newKeysRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate --config FILE",
		Short: "Have a new key take over in a quarter of an hour",
		Long: "Adds a key, which is published at once and signs a quarter of an hour later, when every cache knows it. The former\n" +
			"one stays published until its last token is over. No token is refused meanwhile. While a key waits already, this\n" +
			"shows that one and adds none.",
	}
	atKeys(cmd, func(desk *app.KeyDesk) error {
		next, err := desk.Rotate(cmd.Context())
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "%s is published and signs from %s on, in %s\n",
			next.KID, app.Moment(next.SignsFrom), next.SignsFrom.Sub(desk.Now()).Round(time.Minute))
		if !desk.ByHand {
			return nil
		}
		fmt.Fprintln(out, "\nTalk 4 with chatgate's plugin reads the key by itself. Without it Talk needs this entry in TALK_JWT_SECRETS, after\n"+
			"its own, and a restart before that time:")
		return printEntry(out, next)
	})
	return cmd
}

// printEntry prints a key as Talk 4 wants it in TALK_JWT_SECRETS (G14).
func printEntry(out io.Writer, key app.SigningKey) error {
	public, err := key.PublicPEM()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(struct {
		KID    string `json:"kid"`
		Public string `json:"public"`
	}{key.KID, public})
}

func newKeysRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove --config FILE --kid ID",
		Short: "Remove a key that leaked",
		Long: "For a key that leaked; to replace one that did not, use rotate. Within a minute no gateway signs with the key or\n" +
			"publishes it. The tokens by it are refused from then on, so that pages have to ask for new ones.",
	}
	kid := cmd.Flags().String("kid", "", "the `ID` of the key, as list shows it")
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	if err := cmd.MarkFlagRequired("kid"); err != nil {
		panic(err) // the flag was added two lines above
	}
	atKeys(cmd, func(desk *app.KeyDesk) error { return removeKey(cmd, desk, *kid, *yes) })
	return cmd
}

func removeKey(cmd *cobra.Command, desk *app.KeyDesk, kid string, yes bool) error {
	before, err := desk.Overview(cmd.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(before.Keys, func(key app.SigningKey) bool { return key.KID == kid })
	switch {
	case before.FromFiles:
		return app.ErrKeysFromFiles
	case i < 0:
		return app.ErrNoKey
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s (%s) of chat %s will be removed.\n"+
		"Coral may go on taking its tokens for 10 minutes, from its cache. A Talk 4 that has the key in its environment takes\n"+
		"them until it is restarted without it.\n", kid, does(before.Keys[i]), desk.Chat)
	if err := confirm(cmd, yes); err != nil {
		return err
	}
	if err := desk.Remove(cmd.Context(), kid); err != nil {
		return err
	}
	after, err := desk.Overview(cmd.Context())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Removed. %s signs from now on.\n", after.Signer().KID)
	if desk.ByHand {
		fmt.Fprintln(out, "Without chatgate's plugin, Talk 4 needs this entry in TALK_JWT_SECRETS in place of the removed one, "+
			"and a restart:")
		return printEntry(out, after.Signer())
	}
	return nil
}
