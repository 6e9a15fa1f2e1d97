package app_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file in testdata, or rewrites that file with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// S133: printing the configuration masks its secrets.
func TestPrintMasksSecrets(t *testing.T) {
	var out bytes.Buffer
	if err := app.Print(&out, decodeSample(t, completeYAML, sampleOptions())); err != nil {
		t.Fatal(err)
	}
	for _, secretText := range []string{"s3cr3t", "a-long-sealing-key", "twelve-months-old", "token-beside"} {
		if strings.Contains(out.String(), secretText) {
			t.Errorf("the printed configuration shows %q", secretText)
		}
	}
	golden(t, "masked.yaml", out.Bytes())
}

// The literal parts of a secret are as secret as the rest; only what is nothing but references is shown.
func TestPrintShowsReferences(t *testing.T) {
	opt := sampleOptions()
	cfg := decodeSample(t, completeYAML, opt)
	var out bytes.Buffer
	if err := opt.References.Print(&out, &cfg); err != nil {
		t.Fatal(err)
	}
	golden(t, "references.yaml", out.Bytes())
}

func TestPrintFillsInDefaults(t *testing.T) {
	var out bytes.Buffer
	if err := app.Print(&out, decodeSample(t, "", sampleOptions())); err != nil {
		t.Fatal(err)
	}
	golden(t, "defaults.yaml", out.Bytes())
}

// referringYAML is completeYAML without secrets in the file itself, which a printed configuration cannot give back.
var referringYAML = strings.NewReplacer(", 2025: twelve-months-old", "", "p${env:SECRET}w", "${env:SECRET}").Replace(completeYAML)

func TestAPrintedConfigurationIsReadBack(t *testing.T) {
	opt := sampleOptions()
	want := decodeSample(t, referringYAML, opt)
	var out bytes.Buffer
	if err := opt.References.Print(&out, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, decodeSample(t, out.String(), sampleOptions()), sampleDiff); diff != "" {
		t.Errorf("the configuration read back from\n%s\n(-want +got):\n%s", out.String(), diff)
	}
}

// texts holds one of everything that a printed text or name may be.
type texts struct {
	Text  string            `yaml:"text" default:"-"`
	Map   map[string]string `yaml:"map"`
	List  []string          `yaml:"list"`
	Pairs []pair            `yaml:"pairs"`
	Deep  [][]string        `yaml:"deep"`
}

type pair struct {
	A string   `yaml:"a" default:"-"`
	B []string `yaml:"b"`
}

// readBack prints a configuration and decodes what was printed.
func readBack(t *testing.T, cfg texts) {
	t.Helper()
	var out bytes.Buffer
	if err := app.Print(&out, cfg); err != nil {
		t.Fatal(err)
	}
	var got texts
	if err := app.Decode("printed.yaml", out.Bytes(), &got, app.Options{}); err != nil {
		t.Fatalf("Decode of\n%s\n%v", out.String(), err)
	}
	if diff := cmp.Diff(cfg, got); diff != "" {
		t.Errorf("read back from\n%s\n(-want +got):\n%s", out.String(), diff)
	}
}

func TestPrintQuotesWhatYAMLWouldMisread(t *testing.T) {
	for _, s := range []string{
		"", "plain", "two words", "true", "Yes", "off", "null", "~", "y", "0", "-1", "010", "1_000", "0x1F", "1e3", ".inf", ".nan",
		"8h", "90m", "2026-11", "2026-11-21", "https://chat.example.org", "10.0.0.0/8", ":8080", "a:", "a: b", "a #b", "#a",
		"- a", "-", "?", "? a", "*", "*a", "&a", "!a", "!!str", "<<", "|", ">", "%a", "@a", "`a`", "{a}", "[a]", "a,b", "'a'",
		`"a"`, `\`, "a\\n", "\n", "a\nb\n", "\ttab", " padded ", "é", "日本", "😀", "\u2028", "\u0085", "<&>", "---", "...",
		"${env:NOPE}", "$${env:NOPE}", "$", "$$", "=", "\ufeffa",
	} {
		cfg := texts{Text: s, List: []string{s, s}, Pairs: []pair{{A: s, B: []string{s}}, {A: s}}, Deep: [][]string{{s}, {}, {s, s}}}
		if s != "" {
			cfg.Map = map[string]string{s: s}
		}
		readBack(t, cfg)
	}
}

func TestPrintOfAnEmptyConfigurationIsYAML(t *testing.T) {
	var out bytes.Buffer
	if err := app.Print(&out, struct{}{}); err != nil || out.String() != "{}\n" {
		t.Errorf("Print = %q, %v, want an empty map", out.String(), err)
	}
}

// FuzzPrint looks for a text that does not survive being printed and read back.
func FuzzPrint(f *testing.F) {
	f.Add("key", "text")
	f.Add("a: b", "${env:X}\n")
	f.Fuzz(func(t *testing.T, key, text string) {
		if key == "" || len(key) > 256 || !utf8.ValidString(key) || !utf8.ValidString(text) {
			return // no configuration file can hold these
		}
		readBack(t, texts{Text: text, List: []string{text}, Map: map[string]string{key: text}})
	})
}
