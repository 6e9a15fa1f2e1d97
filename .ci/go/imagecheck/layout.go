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
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// The parts of the OCI image format that are used (Image Layout, Image Manifest and Image Configuration 1.0).
type (
	descriptor struct {
		Digest string `json:"digest"`
		Size   int64  `json:"size"`
	}
	index struct {
		Manifests []descriptor `json:"manifests"`
	}
	manifest struct {
		Config descriptor   `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	configuration struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
		Config       struct {
			User         string
			ExposedPorts map[string]struct{}
			Entrypoint   []string
			Labels       map[string]string
		} `json:"config"`
	}
)

// image is what a layout has in it.
type image struct {
	configuration
	digest     string
	compressed int64
	files      map[string]file // by path, without the leading slash
}

type file struct {
	mode     int64
	uid, gid int
	content  []byte
}

func (c configuration) platform() string {
	if c.Variant != "" {
		return path.Join(c.OS, c.Architecture, c.Variant)
	}
	return path.Join(c.OS, c.Architecture)
}

// open reads the one image of a layout, layers and all.
func open(folder string) (*image, error) {
	text, err := os.ReadFile(filepath.Join(folder, "index.json"))
	if err != nil {
		return nil, err
	}
	var list index
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("index.json: %w", err)
	}
	if len(list.Manifests) != 1 {
		return nil, fmt.Errorf("there are %d images in it, want 1", len(list.Manifests))
	}
	found := &image{digest: list.Manifests[0].Digest, files: map[string]file{}}
	var m manifest
	if err := decode(folder, list.Manifests[0], &m); err != nil {
		return nil, err
	}
	if err := decode(folder, m.Config, &found.configuration); err != nil {
		return nil, err
	}
	for _, layer := range m.Layers {
		found.compressed += layer.Size
		content, err := blob(folder, layer)
		if err != nil {
			return nil, err
		}
		if err := found.unpack(content); err != nil {
			return nil, fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
	}
	return found, nil
}

// blob reads what a descriptor names.
func blob(folder string, d descriptor) ([]byte, error) {
	algorithm, sum, _ := strings.Cut(d.Digest, ":")
	content, err := os.ReadFile(filepath.Join(folder, "blobs", algorithm, sum))
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("blob %s is not what its digest says", d.Digest)
	}
	return content, nil
}

func decode(folder string, d descriptor, into any) error {
	text, err := blob(folder, d)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("blob %s: %w", d.Digest, err)
	}
	return nil
}

// unpack reads the files of one layer. Folders say nothing; a file of a later layer takes the former's place.
func (i *image) unpack(layer []byte) error {
	plain, err := gzip.NewReader(bytes.NewReader(layer))
	if err != nil {
		return err
	}
	for entries := tar.NewReader(plain); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entry.Typeflag == tar.TypeDir {
			continue
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		i.files[strings.TrimPrefix(path.Clean("/"+entry.Name), "/")] = file{entry.Mode, entry.Uid, entry.Gid, content}
	}
}
