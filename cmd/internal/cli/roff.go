package cli

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"chatgate/cmd/internal/app"
)

// manualOf writes the command tree as one page, in the macros of man(7). cobra can do that too, and would bring a
// Markdown parser into the program for it.
func manualOf(root *cobra.Command, build app.Build) string {
	var m manual
	day, _, dated := strings.Cut(build.Date, "T")
	if !dated {
		day = ""
	}
	m.macro("TH", "CHATGATE", "1", day, "chatgate "+build.Version, "User commands")
	m.section("NAME")
	m.text(root.Name() + " \\- " + escaped(strings.ToLower(root.Short[:1])+root.Short[1:]))
	m.section("SYNOPSIS")
	m.text("\\fBchatgate\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]")
	m.section("DESCRIPTION")
	m.prose(root.Long)
	m.section("COMMANDS")
	m.commands(root)
	m.section("ENVIRONMENT")
	m.entry(configVariable, "names the configuration where --config does not.")
	m.entry(app.AdminTokenVariable, "is a token of an administrator of Coral, for setup and doctor.")
	m.entry(app.AdminTokenVariable+"_CHAT", "is the same for one of several Corals: CHAT is its chat's name in capitals, with _ for -.")
	m.entry("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "say which calls of providers and chats go through a proxy.")
	m.entry("SSL_CERT_DIR", "is a directory of certificates to trust beside the system's.")
	m.entry("SSL_CERT_FILE", "is a file of certificates to trust in place of the system's.")
	m.entry("OTEL_EXPORTER_OTLP_ENDPOINT", "is where serve sends traces, by OTLP over HTTP; there are none without it. Beside it are read "+
		"OTEL_EXPORTER_OTLP_*, OTEL_TRACES_EXPORTER, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_BSP_*, OTEL_SERVICE_NAME, "+
		"OTEL_RESOURCE_ATTRIBUTES and OTEL_SDK_DISABLED, as OpenTelemetry defines them.")
	m.entry("NO_COLOR", "keeps doctor from colouring a terminal.")
	m.section("EXIT STATUS")
	m.entry("0", "all is well.")
	m.entry("1", "something failed.")
	m.entry("2", "the command line or the configuration is wrong.")
	return m.String()
}

// manual is a page in the making.
type manual struct{ strings.Builder }

// commands tells of every command below one that can be run, each under its whole name.
func (m *manual) commands(parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if cmd.Hidden {
			continue
		}
		if !cmd.HasSubCommands() {
			m.command(cmd)
		}
		m.commands(cmd)
	}
}

func (m *manual) command(cmd *cobra.Command) {
	m.macro("SS", cmd.CommandPath())
	m.text("\\fB" + escaped(strings.Replace(cmd.UseLine(), "[flags]", "[OPTIONS]", 1)) + "\\fR")
	m.macro("PP")
	m.text(escaped(cmd.Short) + ".")
	if cmd.Long != "" {
		m.macro("PP")
		m.prose(cmd.Long)
	}
	cmd.LocalFlags().VisitAll(m.option)
}

func (m *manual) option(f *pflag.Flag) {
	if f.Hidden || f.Name == "help" {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	if value != "" {
		name += " " + value
	}
	m.entry(name, usage)
}

func (m *manual) section(title string) { m.macro("SH", title) }

// entry is one line of a list, with what is said of it.
func (m *manual) entry(name, text string) {
	m.macro("TP")
	m.text("\\fB" + escaped(name) + "\\fR")
	m.text(escaped(text))
}

// prose keeps paragraphs, and lines that are set in as they are.
func (m *manual) prose(text string) {
	set := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if in := strings.HasPrefix(line, "  "); in != set {
			set = in
			m.macro(map[bool]string{true: "EX", false: "EE"}[in])
		}
		if line == "" {
			m.macro("PP")
			continue
		}
		m.text(escaped(line))
	}
	if set {
		m.macro("EE")
	}
}

func (m *manual) macro(name string, arguments ...string) {
	m.WriteString("." + name)
	for _, argument := range arguments {
		fmt.Fprintf(m, " \"%s\"", strings.ReplaceAll(escaped(argument), `"`, `\(dq`))
	}
	m.WriteString("\n")
}

// text is one line. One that began like a request would be taken for one.
func (m *manual) text(line string) {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = "\\&" + line
	}
	m.WriteString(line + "\n")
}

// escaped is text without meaning to roff: a backslash is one, a hyphen can be copied, and what is not ASCII is named by
// its code point, since troff reads bytes.
func escaped(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			out.WriteString(`\e`)
		case r == '-':
			out.WriteString(`\-`)
		case r > unicode.MaxASCII:
			fmt.Fprintf(&out, `\[u%04X]`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
