package main

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name     string
		document []string
		want     []snippet
		err      string
	}{
		{
			name:     "marked blocks are taken and others left",
			document: []string{"# Title", "<!-- ci:run -->", "```sh", "one", "two", "```", "```sh", "three", "```"},
			want:     []snippet{{"run", "one\ntwo\n", 3}},
		},
		{
			name:     "all kinds, in their order",
			document: []string{"<!-- ci:demo -->", "```sh", "a", "```", "<!-- ci:config -->", "```yaml", "b: c", "```"},
			want:     []snippet{{"demo", "a\n", 2}, {"config", "b: c\n", 6}},
		},
		{name: "a document without marks", document: []string{"```sh", "a", "```"}, err: "no block"},
		{name: "an unknown kind", document: []string{"<!-- ci:dance -->", "```sh", "a", "```"}, err: "nobody knows"},
		{name: "text between the mark and its block", document: []string{"<!-- ci:run -->", "", "```sh", "a", "```"}, err: "must follow"},
		{name: "a block without an end", document: []string{"<!-- ci:run -->", "```sh", "a"}, err: "must follow"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(strings.Join(test.document, "\n"))
			if (test.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("parse = %v, want error %q", err, test.err)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("parse = %+v, want %+v", got, test.want)
			}
		})
	}
}
