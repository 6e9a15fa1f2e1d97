package app

import (
	"fmt"
	"reflect"
	"strings"

	"chatgate/gateway/chat"
)

// preface opens the page of settings.
const preface = `# Every setting

chatgate reads one YAML file: ` + "`chatgate serve --config FILE`" + `; in the Helm chart it is the value ` + "`config`" + `. This page is made from
the program by ` + "`chatgate config docs`" + `, so it is that of the release it came with. ` + "`chatgate config check`" + ` holds a file against
it, and ` + "`chatgate config schema`" + ` lets an editor do so.

In any text ` + "`${env:NAME}`" + ` stands for a variable of the environment and ` + "`${file:PATH}`" + ` for what a file holds, without its last
line break; ` + "`$${`" + ` is ` + "`${`" + ` itself. Secrets belong there. A duration is written as ` + "`30s`, `15m` or `8h`" + `. ` + "`<name>`" + ` is a key that you choose. What is *required*
within a section is so where the section is there.
`

// group is a section of the page.
type group struct {
	title    string
	intro    string
	required string
	settings []setting
}

// Documentation is a page in Markdown on every setting there is, those of every kind of chat included.
func Documentation(kinds Kinds) string {
	groups := groupsOf(kinds)
	var page strings.Builder
	page.WriteString(preface + "\n")
	for _, g := range groups {
		fmt.Fprintf(&page, "- [%s](#%s)\n", g.title, anchor(g.title))
	}
	for _, g := range groups {
		fmt.Fprintf(&page, "\n## %s\n\n", g.title)
		if g.intro != "" {
			page.WriteString(demanded(g.required) + markdown(g.intro) + "\n\n")
		}
		page.WriteString("| setting | value | default | meaning |\n|---|---|---|---|\n")
		for _, s := range g.settings {
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", s.path, markdown(s.kind), code(s.fallback), demanded(s.required)+markdown(s.meaning))
		}
	}
	return page.String()
}

// groupsOf puts the single settings of the file first, then each section, and of the chats each kind.
func groupsOf(kinds Kinds) []group {
	top := group{title: "The file"}
	var sections []group
	for _, f := range fieldsOf(reflect.TypeFor[Config]()) {
		if f.typ == reflect.TypeFor[map[string]chat.Config]() {
			sections = append(sections, chatGroups(f, kinds)...)
			continue
		}
		inner, suffix := inside(f.typ)
		if inner == nil {
			top.settings = append(top.settings, newSetting(f, ""))
			continue
		}
		sections = append(sections, group{title: f.name, intro: f.doc, required: requirement(f), settings: settingsOf(inner, f.name+suffix)})
	}
	return append([]group{top}, sections...)
}

// chatGroups are the settings of a chat, by its kind.
func chatGroups(f field, kinds Kinds) []group {
	var groups []group
	for _, kind := range kinds.names() {
		path := f.name + ".<name>"
		own := setting{path: path + ".kind", kind: "text", meaning: "`" + kind + "`; may be left out of a chat that has this name."}
		groups = append(groups, group{
			title: f.name + " of kind " + kind, intro: f.doc, required: requirement(f),
			settings: append([]setting{own}, settingsOf(reflect.TypeOf(kinds[kind]()).Elem(), path)...),
		})
	}
	return groups
}

// demanded stands before what is said of a setting that the file must have.
func demanded(when string) string {
	if when == "" {
		return ""
	}
	return "*" + strings.ToUpper(when[:1]) + when[1:] + ".* "
}

// anchor is what GitHub and others make of a heading.
func anchor(title string) string {
	return strings.ReplaceAll(strings.ToLower(title), " ", "-")
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// markdown is text that stands as it is in a cell of a table.
func markdown(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`, "_", `\_`).Replace(text)
}
