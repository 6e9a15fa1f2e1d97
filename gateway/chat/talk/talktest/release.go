package talktest

import "fmt"

// release is a Coral version. The stand-in follows 9.11.8 and asks here where older ones differ.
type release [3]int

const defaultRelease = "9.11.8"

func parseRelease(s string) (release, error) {
	if s == "" {
		s = defaultRelease
	}
	var r release
	if _, err := fmt.Sscanf(s, "%d.%d.%d", &r[0], &r[1], &r[2]); err != nil || r[0] < 5 || r[0] > 9 {
		return release{}, fmt.Errorf("version: must be a Coral release from 5.0.0 to 9.x.y, got %q", s)
	}
	return r, nil
}

func (r release) String() string { return fmt.Sprintf("%d.%d.%d", r[0], r[1], r[2]) }

// since says whether r is the given release or a later one.
func (r release) since(major, minor, patch int) bool {
	for i, n := range [3]int{major, minor, patch} {
		if r[i] != n {
			return r[i] > n
		}
	}
	return true
}
