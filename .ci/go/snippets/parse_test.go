package main

import (
	"reflect"
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
			document: []string{"# Title", "<!-- ci:run -->", "```sh", "one", "two", "```", "```html", "three", "```"},
			want:     []snippet{{"run", []string{}, "one\ntwo\n", 3}},
		},
		{
			name:     "all kinds, in their order",
			document: []string{"<!-- ci:demo -->", "```sh", "a", "```", "<!-- ci:config -->", "```yaml", "b: c", "```"},
			want:     []snippet{{"demo", []string{}, "a\n", 2}, {"config", []string{}, "b: c\n", 6}},
		},
		{
			name:     "a mark says more",
			document: []string{"<!-- ci:world SUB=@subject ID=7 -->", "```sh", "a SUB ID", "```"},
			want:     []snippet{{"world", []string{"SUB=@subject", "ID=7"}, "a SUB ID\n", 2}},
		},
		{name: "a block to type that nothing marks", document: []string{"<!-- ci:run -->", "```sh", "a", "```", "", "```yaml", "b: c", "```"}, err: "line 6: nothing says"},
		{
			name:     "a block inside a list",
			document: []string{"1. do", "   <!-- ci:run -->", "   ```sh", "   a", "     b", "   ```"},
			want:     []snippet{{"run", []string{}, "a\n  b\n", 3}},
		},
		{name: "a document with nothing to type", document: []string{"```text", "a", "```"}},
		{name: "an unknown kind", document: []string{"<!-- ci:dance -->", "```sh", "a", "```"}, err: "nobody knows"},
		{name: "text between the mark and its block", document: []string{"<!-- ci:run -->", "", "```sh", "a", "```"}, err: "must follow"},
		{name: "a block without an end", document: []string{"<!-- ci:run -->", "```sh", "a"}, err: "no end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(strings.Join(test.document, "\n"))
			if (test.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("parse = %v, want error %q", err, test.err)
			}
			if !slices.EqualFunc(got, test.want, func(a, b snippet) bool { return reflect.DeepEqual(a, b) }) {
				t.Errorf("parse = %+v, want %+v", got, test.want)
			}
		})
	}
}
