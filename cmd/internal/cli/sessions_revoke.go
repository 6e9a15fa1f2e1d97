package cli

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

// shortestHandle is how much of a session's id names it: as much as lists and audit lines show.
const shortestHandle = 8

func newSessionsRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke --config FILE (--session ID | --provider KEY --subject SUBJECT | --provider KEY --sid SID | --all)",
		Short: "End sessions and all that they opened",
		Long: "Ends sessions on every replica at once: the next request with their cookies is refused. Their logins in Rocket.Chat,\n" +
			"their Talk tokens as far as Talk asks, and their refresh tokens at the provider are revoked by the running gateway,\n" +
			"which takes seconds, or as long as one of those does not answer. It may be repeated, and it is fine when there are none.\n\n" +
			"Nobody is barred by it: whoever may sign in at the provider signs in again.",
	}
	var which app.Which
	cmd.Flags().StringVar(&which.Handle, "session", "", "the session's `ID`, as list and the audit log show it")
	cmd.Flags().StringVar(&which.Provider, "provider", "", "the provider's `KEY`; it need not be in the configuration any more")
	cmd.Flags().StringVar(&which.Subject, "subject", "", "the `SUBJECT` that the provider knows the person by: all their sessions")
	cmd.Flags().StringVar(&which.SID, "sid", "", "the provider's own session, by its `SID`: all sessions that came of it")
	cmd.Flags().BoolVar(&which.All, "all", false, "everybody's sessions")
	yes := cmd.Flags().Bool("yes", false, "do not ask before everybody is signed out")
	atStore(cmd, func(tools *app.Tools) error {
		if err := checkWhich(which); err != nil {
			return usage(cmd, err)
		}
		warnUnknownProvider(cmd, tools, which.Provider)
		if which.All {
			fmt.Fprintln(cmd.OutOrStdout(), "Everybody will be signed out, of every chat.")
			if err := confirm(cmd, *yes); err != nil {
				return err
			}
		}
		return revokeSessions(cmd, tools.Sessions(), which)
	})
	return cmd
}

// checkWhich makes sure that exactly one way of naming sessions is used.
func checkWhich(w app.Which) error {
	ways := 0
	for _, given := range []bool{w.Handle != "", w.Subject != "", w.SID != "", w.All} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return errors.New("exactly one of --session, --subject, --sid and --all must say which sessions")
	case (w.Provider != "") != (w.Subject != "" || w.SID != ""):
		return errors.New("--provider goes with --subject and with --sid, and with nothing else")
	case w.Handle != "" && utf8.RuneCountInString(w.Handle) < shortestHandle:
		return fmt.Errorf("--session must have at least %d characters, as list shows them", shortestHandle)
	}
	return nil
}

func revokeSessions(cmd *cobra.Command, desk *app.SessionDesk, which app.Which) error {
	out := cmd.OutOrStdout()
	ended, err := desk.End(cmd.Context(), which)
	unopened, _ := errors.AsType[*app.UnopenedError](err)
	switch {
	case unopened != nil:
		fmt.Fprintf(out, "%s ended.\n", sessions(ended))
		return errors.Join(err, tellWaiting(cmd, desk))
	case err != nil && ended > 0:
		return fmt.Errorf("%s ended, and not all of them: run this again: %w", sessions(ended), err)
	case errors.Is(err, app.ErrAmbiguous):
		return usage(cmd, fmt.Errorf("--session: %w", err))
	case err != nil:
		return err
	case ended == 0:
		fmt.Fprintln(out, none(which))
	default:
		fmt.Fprintf(out, "%s ended.\n", sessions(ended))
	}
	return tellWaiting(cmd, desk)
}

// none says that no session was ended, and what was done all the same: the ledger knows logins by their person, and not by
// one session.
func none(w app.Which) string {
	switch {
	case w.Handle != "":
		return "No session begins like this."
	case w.SID != "":
		return "There was no such session."
	default:
		return "There was no such session; logins of sessions that had ended before are revoked all the same."
	}
}

// tellWaiting says what is left for the gateway to do.
func tellWaiting(cmd *cobra.Command, desk *app.SessionDesk) error {
	waiting, err := desk.Waiting(cmd.Context())
	if err != nil {
		return err
	}
	switch {
	case waiting >= app.MostWaiting:
		fmt.Fprintf(cmd.OutOrStdout(), "%d jobs or more wait for the running gateway, revocations among them.\n", app.MostWaiting)
	case waiting > 0:
		fmt.Fprintf(cmd.OutOrStdout(), "%s for the running gateway, revocations among them.\n", jobs(waiting))
	}
	return nil
}

func sessions(n int) string { return app.Count(n, "session", "sessions") }

func jobs(n int) string { return app.Count(n, "job waits", "jobs wait") }
