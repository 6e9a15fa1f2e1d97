package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
)

// maxLogo bounds, in bytes, an image that every page loads.
const maxLogo = 64 << 10

// Logo is the operator's image beside the name. It is shown as an image and served under a policy that runs nothing,
// so a script inside of it stays text (S150).
type Logo struct {
	Extension string // .svg or .png; empty for our own logo
	Content   []byte
}

// logoChecks say, by extension, what makes a file that kind of image. A browser shows nothing for any other.
var logoChecks = map[string]func([]byte) error{".svg": checkSVG, ".png": checkPNG}

// readLogo reads and checks an image file.
func readLogo(path string) (Logo, error) {
	file, err := os.Open(path)
	if err != nil {
		return Logo{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxLogo+1))
	if err != nil {
		return Logo{}, err
	}
	if len(content) > maxLogo {
		return Logo{}, fmt.Errorf("must have at most %d KiB, and %s has more", maxLogo>>10, path)
	}
	extension := filepath.Ext(path)
	check, ok := logoChecks[extension]
	if !ok {
		return Logo{}, fmt.Errorf("must be an .svg or .png file, got %s", path)
	}
	if err := check(content); err != nil {
		return Logo{}, fmt.Errorf("%s: %w", path, err)
	}
	return Logo{Extension: extension, Content: content}, nil
}

func checkPNG(content []byte) error {
	if _, err := png.DecodeConfig(bytes.NewReader(content)); err != nil {
		return fmt.Errorf("must be a PNG image: %w", err)
	}
	return nil
}

// checkSVG reads up to the root element. Without the namespace browsers take the file for plain XML.
func checkSVG(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("must be an SVG image: %w", err)
		}
		if root, ok := token.(xml.StartElement); ok {
			if root.Name != (xml.Name{Space: "http://www.w3.org/2000/svg", Local: "svg"}) {
				return errors.New(`must be an SVG image: its root is not <svg xmlns="http://www.w3.org/2000/svg">`)
			}
			return nil
		}
	}
}
