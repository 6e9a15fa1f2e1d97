// Command snippets does what documents tell their readers to do, so that the documents stay true:
//
//	snippets -dir FOLDER DOCUMENT...
//
// A comment on the line before a code block says how. The blocks of a document go in their order, in FOLDER, a scratch
// copy of the repository with bin/chatgate and bin/chatgate-demo in it:
//
//	<!-- ci:run -->            the commands run to their end
//	<!-- ci:demo -->           the command prints an address, serves, and ends well when interrupted
//	<!-- ci:config -->         the block is a configuration file that `bin/chatgate config check` accepts
//	<!-- ci:part -->           the block is part of one: it is laid over the last whole one, and both are accepted
//	<!-- ci:values -->         the block is values for the chart, which renders a configuration that is accepted
//	<!-- ci:world A=b … -->    the commands run against a demo where somebody is signed in; see world
//	<!-- ci:test TestName -->  the block is carried out by that Go test, which the repository has
//
// Every block of commands or YAML must be marked: a reader types those.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("dir", ".", "the folder to run in")
	flag.Parse()
	r := &runner{dir: *dir}
	err := r.documents(context.Background(), flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// runner carries out the blocks of documents.
type runner struct {
	dir string
	// config is the last whole configuration of the document at hand.
	config string
	world  *world // nil until a block needs it
}

func (r *runner) documents(ctx context.Context, documents []string) error {
	defer r.leaveWorld() // also after an error
	blocks := 0
	for _, document := range documents {
		snippets, err := read(document)
		if err != nil {
			return err
		}
		r.config = ""
		for _, s := range snippets {
			fmt.Printf("%s:%d %s %v\n%s", document, s.line, s.kind, s.args, s.text)
			if err := kinds[s.kind](ctx, r, s); err != nil {
				return fmt.Errorf("%s:%d: %w", document, s.line, err)
			}
		}
		blocks += len(snippets)
		r.leaveWorld()
	}
	fmt.Printf("| %d blocks of %d documents\n", blocks, len(documents))
	return nil
}

func read(document string) ([]snippet, error) {
	text, err := os.ReadFile(filepath.Clean(document))
	if err != nil {
		return nil, err
	}
	snippets, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", document, err)
	}
	return snippets, nil
}

// kinds are what can be done with a block.
var kinds = map[string]func(ctx context.Context, r *runner, s snippet) error{
	"run":    func(ctx context.Context, r *runner, s snippet) error { return runToTheEnd(ctx, r.dir, s.text) },
	"demo":   func(ctx context.Context, r *runner, s snippet) error { return runUntilInterrupted(ctx, r.dir, s.text) },
	"config": checkConfig,
	"part":   checkPart,
	"values": checkValues,
	"world":  runInWorld,
	"test":   lookForTest,
}
