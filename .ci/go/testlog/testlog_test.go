package testlog_test

import (
	"slices"
	"strings"
	"testing"

	"chatgate/ci/testlog"
)

func TestCounted(t *testing.T) {
	tests := []struct {
		name string
		log  string
		want []string
	}{
		{
			name: "a test with subtests is counted by them",
			log:  `{"Action":"pass","Package":"p","Test":"A/b"} {"Action":"pass","Package":"p","Test":"A"} {"Action":"pass","Package":"p"}`,
			want: []string{"p A/b pass"},
		},
		{
			name: "a test that fails beside its subtests is counted too",
			log:  `{"Action":"pass","Package":"p","Test":"A/b"} {"Action":"fail","Package":"p","Test":"A"} {"Action":"fail","Package":"p"}`,
			want: []string{"p A fail", "p A/b pass"},
		},
		{
			name: "a package that does not compile fails once and shows why",
			log:  `{"ImportPath":"p.test","Action":"build-output","Output":"no"} {"Action":"fail","Package":"p","FailedBuild":"p.test"}`,
			want: []string{"p fail"},
		},
		{
			name: "a test that never ended is counted",
			log:  `{"Action":"run","Package":"p","Test":"A"} {"Action":"fail","Package":"p"}`,
			want: []string{"p A "},
		},
		{
			name: "the worst of two runs counts",
			log:  `{"Action":"pass","Package":"p","Test":"A"} {"Action":"skip","Package":"p","Test":"A"} {"Action":"pass","Package":"p","Test":"A"}`,
			want: []string{"p A skip"},
		},
		{
			name: "what is not JSON is left out",
			log:  `go: downloading something`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log := testlog.Log{}
			if err := log.Read(strings.NewReader(strings.ReplaceAll(test.log, "} {", "}\n{"))); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, id := range log.Counted() {
				got = append(got, id.String()+" "+log[id].Outcome)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("Counted = %q, want %q", got, test.want)
			}
		})
	}
}
