package decision

// because is an error that tells by itself what was decided.
type because struct {
	error
	code  Code
	facts []string
}

func (b *because) Unwrap() error { return b.error }

// Decision makes it an [Explained].
func (b *because) Decision() (code string, facts []string) { return string(b.code), b.facts }

// Because wraps an error so that it tells which step it is, with facts as name-value pairs. Its text stays as it is.
func Because(code Code, err error, facts ...string) error {
	return &because{error: err, code: code, facts: facts}
}
