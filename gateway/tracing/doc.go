// Package tracing records what a request waits for, as OpenTelemetry traces: the request itself, its calls of providers
// and chats, its commands to Redis, and the jobs that outlive it. Spans leave by OTLP over HTTP; where nothing is configured
// there is no [Tracer], and nothing is spent on it.
//
// It speaks OpenTelemetry's protocol and reads its environment variables, in place of OpenTelemetry's own SDK, which with its
// exporter and instrumentation would make the program 15 % larger: a gateway needs spans of five kinds and one exporter. The
// messages are those of go.opentelemetry.io/proto, so that they cannot drift from the protocol.
//
// # What a span tells
//
// Names and attributes come from closed sets: the pattern of a route, never a path; the name of a chat or provider; the name of
// an operation of the store, never a key or a value. The one exception is the request's id, which is random. No address,
// e-mail, name, subject, cookie, code or token is ever part of a span (S134): a backend of traces is read by more people than
// a log is, and often somebody else's.
//
// # Whose word decides
//
// A traceparent header is believed only from a trusted proxy. Anybody else could switch tracing on for every call they make,
// since samplers follow their parents by default, and choose ids under which others look for theirs. A proxy that makes no
// traces passes a stranger's header on as it came, and must drop it (nginx: proxy_set_header traceparent ""). Where it does
// not, a [Sampler] with a ratio exports no larger share of such requests than of others; parentbased_always_off exports just
// what the header asks for, and is for proxies that decide alone. Nothing is sent on, either: providers and chats are other
// people's servers, which have no business with our trace ids.
package tracing
