// Package web makes every page that chatgate shows to a person: one layout, one stylesheet, the languages, and the
// headers that keep a page from being framed, scripted or cached by anybody else.
//
// A package with a page of its own embeds a template and asks Pages to parse it; the template says what stands in the
// card, the layout says everything around it:
//
//	{{define "title"}}{{t "account.title"}}{{end}}
//	<p>{{t "account.signed_in_as" "name" .Name}}</p>
//
// The title is the page's <title> and its one <h1>. The function t translates a key of locale/en.json into the
// reader's language, "name" filling the place {name} of the message; asset gives the address of a registered file;
// product is the name that Config gave. The layout lends the templates "spinner", "noscript" and "actions".
//
// A language is one file, locale/<tag>.json, with the keys of en.json; nothing else changes. Scripts and styles are
// files too, never inline: Pages.AddAssets takes them, and a page names the ones it loads.
package web
