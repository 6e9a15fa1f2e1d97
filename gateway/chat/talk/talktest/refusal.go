package talktest

import "fmt"

// Codes of the refusals Coral and Talk 4 send to a client.
const (
	CodeTokenInvalid        = "TOKEN_INVALID"
	CodeDuplicateEmail      = "DUPLICATE_EMAIL"
	CodeDuplicateUser       = "DUPLICATE_USER"
	CodeUsernameNotProvided = "USERNAME_NOT_PROVIDED"
	CodeIntegrationDisabled = "INTEGRATION_DISABLED"
	CodeInternalError       = "INTERNAL_ERROR"
	// CodeAuthentication is Talk 4's answer to a revoked token.
	CodeAuthentication = "AUTHENTICATION"
	// CodeAnonymous is not sent by anyone: Talk 4 goes on as if a bad token were absent and says nothing.
	CodeAnonymous = "ANONYMOUS"
)

// Refusal is a token turned away. Status and Code are what the real server answers; Reason is what it writes to its
// log, or keeps to itself.
type Refusal struct {
	Status int
	Code   string
	Reason string
	// URL is where a person may complete their account. Only CodeUsernameNotProvided carries one.
	URL string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Reason) }

// ProcessStopped says that a token ended Coral's process by an uncaught exception: from then on nobody can read or
// write a comment until it is started again.
type ProcessStopped struct{ Reason string }

func (p *ProcessStopped) Error() string { return "Coral's process has stopped: " + p.Reason }
