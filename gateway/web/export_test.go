package web

// ThemeStyles is the stylesheet of an accent, for tests of very many of them.
func ThemeStyles(accent Colour) ([]byte, error) {
	c, err := parseColour(accent)
	return themeStyles(c), err
}
