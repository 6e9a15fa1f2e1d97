package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program builds the smallest that will do, stripped or not, once for each.
func program(t *testing.T, ldflags string) []byte {
	t.Helper()
	folder := t.TempDir()
	source := filepath.Join(folder, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-ldflags", ldflags, "-o", filepath.Join(folder, "out"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	content, err := os.ReadFile(filepath.Join(folder, "out"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

var wanted = expectation{
	name: "chatgate", platform: "linux/amd64", version: "0.1.0", revision: "c0ffee", created: "2026-11-22T09:00:00Z", mostProgram: mostProgram,
}

// right is an image as it has to be.
func right(content []byte) *image {
	const documents = "usr/share/doc/chatgate/"
	sum := sha256.Sum256(content)
	bill := fmt.Sprintf(`{"metadata":{"component":{"version":"0.1.0","hashes":[{"alg":"SHA-256","content":"%s"}]}}}`, hex.EncodeToString(sum[:]))
	i := &image{compressed: 1 << 20, files: map[string]file{
		"chatgate":                             {0o755, 0, 0, content},
		"etc/ssl/certs/ca-certificates.crt":    {0o644, 0, 0, []byte("authorities")},
		documents + "LICENSE":                  {0o644, 0, 0, []byte("licence")},
		documents + "THIRD_PARTY_LICENSES.txt": {0o644, 0, 0, []byte("licences")},
		documents + "sbom.cdx.json":            {0o644, 0, 0, []byte(bill)},
	}}
	i.OS, i.Architecture = "linux", "amd64"
	i.Config.User, i.Config.Entrypoint = unprivileged, []string{"/chatgate"}
	i.Config.ExposedPorts = map[string]struct{}{"8080/tcp": {}, "9090/tcp": {}}
	i.Config.Labels = map[string]string{}
	for key, value := range map[string]string{
		"title": "chatgate", "description": "one sentence", "version": "0.1.0", "revision": "c0ffee", "created": "2026-11-22T09:00:00Z",
		"source": "https://example.org", "documentation": "https://example.org", "licenses": "Apache-2.0", "vendor": "somebody",
	} {
		i.Config.Labels["org.opencontainers.image."+key] = value
	}
	return i
}

func TestProblems(t *testing.T) { // H27, H30
	stripped, symbols := program(t, "-s -w"), program(t, "")
	put := func(name string, f file) func(*image) { return func(i *image) { i.files[name] = f } }
	for _, test := range []struct {
		name  string
		spoil func(*image)
		want  string
	}{
		{"nothing is wrong", func(*image) {}, ""},
		{"another platform", func(i *image) { i.Architecture = "arm64" }, "the platform is linux/arm64"},
		{"root", func(i *image) { i.Config.User = "" }, `the user is ""`},
		{"a user by name", func(i *image) { i.Config.User = "nobody" }, "the user is"},
		{"a shell in between", func(i *image) { i.Config.Entrypoint = []string{"/bin/sh", "-c", "/chatgate"} }, "the entrypoint is"},
		{"a port too many", func(i *image) { i.Config.ExposedPorts["22/tcp"] = struct{}{} }, "the ports are"},
		{"too large", func(i *image) { i.compressed = mostCompressed + 1 }, "want at most 20971520 (H30)"},
		{"a label is missing", func(i *image) { delete(i.Config.Labels, "org.opencontainers.image.vendor") }, "image.vendor is missing"},
		{"a label of another build", func(i *image) { i.Config.Labels["org.opencontainers.image.revision"] = "dead" }, `image.revision is "dead"`},
		{"another licence", func(i *image) { i.Config.Labels["org.opencontainers.image.licenses"] = "MIT" }, `image.licenses is "MIT"`},
		{"a file too many", put("bin/sh", file{0o755, 0, 0, []byte("#!")}), "the files are"},
		{"no certificate authorities", func(i *image) { delete(i.files, "etc/ssl/certs/ca-certificates.crt") }, "the files are"},
		{"a file of the user's", put("usr/share/doc/chatgate/LICENSE", file{0o644, 65532, 65532, []byte("x")}), "LICENSE belongs to 65532:65532"},
		{"a file that others may write", put("usr/share/doc/chatgate/LICENSE", file{0o666, 0, 0, []byte("x")}), "with mode 666"},
		{"a file that others may not read", put("usr/share/doc/chatgate/LICENSE", file{0o600, 0, 0, []byte("x")}), "with mode 600"},
		{"an empty file", put("usr/share/doc/chatgate/LICENSE", file{0o644, 0, 0, nil}), "has 0 bytes"},
		{"a program that does not run", put("chatgate", file{0o644, 0, 0, stripped}), "the program's mode is 644"},
		{"another program than the one in the bill", put("chatgate", file{0o755, 0, 0, append(stripped, 0)}), "the bill of materials is about"},
		{"no bill", put("usr/share/doc/chatgate/sbom.cdx.json", file{0o644, 0, 0, []byte("x")}), "the bill of materials: invalid"},
		{"symbols", put("chatgate", file{0o755, 0, 0, symbols}), "the program is not stripped"},
		{"a script", put("chatgate", file{0o755, 0, 0, []byte(strings.Repeat("#!/bin/sh\n", 10))}), "the program: bad magic"},
		{"a program of another machine", func(i *image) { i.files["chatgate"].content[18] = 183; i.Architecture = "amd64" }, "the program is for EM_AARCH64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := right(bytes.Clone(stripped))
			test.spoil(i)
			problems := wanted.problems(i)
			if test.want == "" {
				if len(problems) > 0 {
					t.Errorf("problems = %v, want none", problems)
				}
				return
			}
			if !strings.Contains(fmt.Sprint(problems), test.want) {
				t.Errorf("problems = %v, want one that says %q", problems, test.want)
			}
		})
	}
	small := wanted
	small.mostProgram = 1000
	if problems := small.problems(right(stripped)); !strings.Contains(fmt.Sprint(problems), "want at most 1000") {
		t.Errorf("problems of a program that is too large = %v", problems)
	}
}

// layout writes an image of these layers, each a map from path to content.
func layout(t *testing.T, layers ...map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	blobs := filepath.Join(folder, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) descriptor {
		sum := sha256.Sum256(content)
		name := hex.EncodeToString(sum[:])
		if err := os.WriteFile(filepath.Join(blobs, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		return descriptor{"sha256:" + name, int64(len(content))}
	}
	encode := func(v any) []byte {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	m := manifest{Config: write([]byte(`{"os":"linux","architecture":"arm","variant":"v7","config":{"User":"65532:65532"}}`))}
	for _, files := range layers {
		m.Layers = append(m.Layers, write(packed(t, files)))
	}
	list := encode(index{Manifests: []descriptor{write(encode(m))}})
	if err := os.WriteFile(filepath.Join(folder, "index.json"), list, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	for name, text := range files {
		header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}
		if strings.HasSuffix(name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if archive.Close() != nil || compressed.Close() != nil {
		t.Fatal("the archive is not whole")
	}
	return out.Bytes()
}

func TestOpen(t *testing.T) {
	found, err := open(layout(t, map[string]string{"etc/": "", "etc/a": "first", "b": "b"}, map[string]string{"/etc/a": "second"}))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, f := range found.files {
		got[name] = string(f.content)
	}
	if want := map[string]string{"etc/a": "second", "b": "b"}; !maps.Equal(got, want) {
		t.Errorf("the files are %v, want %v", got, want)
	}
	if found.platform() != "linux/arm/v7" || found.Config.User != unprivileged || found.compressed == 0 || found.digest == "" {
		t.Errorf("the image is %s of %q with %d bytes, %s", found.platform(), found.Config.User, found.compressed, found.digest)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(folder string) error
		want  string
	}{
		{"a folder that is no layout", func(folder string) error { return os.Remove(filepath.Join(folder, "index.json")) }, "index.json"},
		{"a layout without an image", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, "index.json"), []byte(`{"manifests":[]}`), 0o644)
		}, "there are 0 images"},
		{"a layout without what it names", func(folder string) error { return os.RemoveAll(filepath.Join(folder, "blobs")) }, "no such file"},
		{"a layer that is damaged", func(folder string) error {
			blobs, err := filepath.Glob(filepath.Join(folder, "blobs", "sha256", "*"))
			for _, blob := range blobs {
				err = errors.Join(err, os.WriteFile(blob, []byte("{}"), 0o644))
			}
			return err
		}, "is not what its digest says"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := layout(t, map[string]string{"a": "a"})
			if err := test.spoil(folder); err != nil {
				t.Fatal(err)
			}
			if _, err := open(folder); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("open = %v, want an error that says %q", err, test.want)
			}
		})
	}
}
