package talk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// administration is Coral's API in the hands of one of its administrators (T-C4). The token is kept nowhere.
type administration struct {
	c     *connector
	token store.Secret
}

// ask sends one text and decodes what is answered as its data. Its error is a *coralError where Coral refused, and
// errAway where nobody knows what became of it.
func (a administration) ask(ctx context.Context, query string, variables, into any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return fmt.Errorf("encode what Coral is asked: %w", err)
	}
	r, err := a.c.atProduct(ctx, http.MethodPost, "/api/graphql", body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+a.token.Reveal())
	got, err := a.c.measured(ctx, "graphql", r)
	if err != nil {
		return fmt.Errorf("%w: %w", errAway, err)
	}
	return got.data(into)
}

// errAway says that Coral gave no answer worth the name.
var errAway = errors.New("coral unavailable")

// data decodes a GraphQL answer. Coral refuses in two ways: with errors beside the data, or before it has read the text,
// with one error.
func (s seen) data(into any) error {
	var answer struct {
		Data   json.RawMessage
		Error  struct{ Code string }
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	switch err := json.Unmarshal(s.body, &answer); {
	case err != nil:
		return fmt.Errorf("%w: it answers %d without JSON: is api.url Coral's?", errAway, s.status)
	case len(answer.Errors) > 0:
		return &coralError{status: s.status, code: answer.Errors[0].Extensions.Code}
	case s.status != http.StatusOK || answer.Error.Code != "":
		return &coralError{status: s.status, code: answer.Error.Code}
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		return fmt.Errorf("%w: it answers something else than was asked for", errAway)
	}
	return nil
}

// coralError is a refusal of Coral's.
type coralError struct {
	status int
	code   string
}

func (e *coralError) Error() string {
	refusal := strings.TrimSpace(fmt.Sprintf("Coral refuses with %d %s", e.status, onOneLine(e.code)))
	if advice := coralAdvice[e.code]; advice != "" {
		return refusal + ": " + advice
	}
	return refusal
}

// onOneLine is a text of the product's without what could forge or hide a line (S135).
func onOneLine(text string) string {
	return chat.Printable(strings.ToValidUTF8(text[:min(len(text), maxShown)], ""))
}

// maxShown is how much of a text of the product's is shown, in bytes.
const maxShown = 300

// Codes that Coral refuses administrators with.
const (
	unknownField = "GRAPHQL_VALIDATION_FAILED"
	badInput     = "BAD_USER_INPUT"
)

var coralAdvice = map[string]string{
	"TOKEN_INVALID":            "the administrator's token is not accepted: it is of another Coral, or over",
	"RAW_QUERY_NOT_AUTHORIZED": "the token is not an administrator's",
	"USER_NOT_ENTITLED":        "the token is not an administrator's",
	"TENANT_NOT_FOUND":         "url must be the address by which Coral was installed: it knows nobody by another host name",
	unknownField:               "this release of Coral does not know what was asked for",
}

// unknown says whether a release of Coral does not know what it was asked for.
func unknown(err error) bool {
	refusal, ok := errors.AsType[*coralError](err)
	return ok && (refusal.code == unknownField || refusal.code == badInput)
}
