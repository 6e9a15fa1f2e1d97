package oidc

import "log/slog"

const redacted = "[redacted]"

// Secret is a client secret or a token. Formatting and logging print a placeholder; encoding as JSON keeps the
// value, because records that hold tokens are sealed before they are stored.
type Secret string

// Reveal returns the value. Call it where the secret is spent, never where it might be written down.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string       { return redacted }
func (s Secret) GoString() string     { return redacted }
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
