// Command snippets does what a document tells its reader to do, so that the document stays true:
//
//	snippets -dir FOLDER DOCUMENT
//
// A comment on the line before a code block says how, and the blocks go in their order, in FOLDER, a scratch copy of the
// repository:
//
//	<!-- ci:run -->     the commands run to their end
//	<!-- ci:demo -->    the command prints an address, serves, and ends well when interrupted
//	<!-- ci:config -->  the block is a configuration file that `bin/chatgate config check` accepts
//
// A document without any such comment is an error.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
)

func main() {
	dir := flag.String("dir", ".", "the folder to run in")
	flag.Parse()
	if err := run(*dir, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir, document string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	snippets, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	for _, s := range snippets {
		fmt.Printf("%s:%d %s\n%s", document, s.line, s.kind, s.text)
		if err := kinds[s.kind](context.Background(), dir, s.text); err != nil {
			return fmt.Errorf("%s:%d: %w", document, s.line, err)
		}
	}
	return nil
}

// kinds are what can be done with a block.
var kinds = map[string]func(ctx context.Context, dir, text string) error{
	"run":    runToTheEnd,
	"demo":   runUntilInterrupted,
	"config": checkConfiguration,
}
