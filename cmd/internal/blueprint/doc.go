// Package blueprint draws up an installation that is not there yet: it asks for what nobody else can know, looks at the
// provider, Rocket.Chat and Coral from outside for the rest, and makes the files of `chatgate init` of it.
//
// Draw asks and looks; nothing is written before a Blueprint is complete. Its Files are for a Folder, which looks first
// whether anything is in their way, follows no link and overwrites no secret. What others answer decides between words of
// our own and is never written anywhere: only errors quote it, and a terminal gets those without control characters.
package blueprint
