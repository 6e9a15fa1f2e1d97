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
// reader's language, "name" filling the place {name} of the message; count translates one that speaks of a number, in
// the grammatical form that the number takes; ago and within say a length of time in words, looking back and ahead;
// asset gives the address of a registered file; product is the name that Config gave; contact has the .Text and the
// .Href of where to find help, empty where there is none. The layout lends the templates "spinner", "noscript" and
// "actions".
//
// The stylesheet dresses plain elements, and these classes: actions around the steps a person can take, button for each
// of them (the first in actions is the main one; second makes a lesser one elsewhere), rows for a list with something
// to do in each line, waiting around the spinner and its text, notice for what must not be missed, small, quiet and
// danger for text. Every page marks its main sentence data-chatgate="status".
//
// A language is one file, locale/<tag>.json, with the keys of en.json and those of the problems, problem.<code>.heading
// and problem.<code>.detail, whose English stands beside the codes, and with further forms of counted words where the
// language has them (<key>.few beside <key>.other); nothing else changes. The language follows the reader
// from page to page by the browser's setting, so the lang parameter is on no link of ours. Scripts and styles are files
// too, never inline: Pages.AddAssets takes them, and a page names the ones it loads.
//
// Settings are what an operator may change: a name, a logo, one colour, where to find help, further languages.
package web
