package design

import "bytes"

// maxWork limits how many bytes are searched while images are replaced.
const maxWork int64 = 4 << 30

// image is an image in the CSS: found is url(name) or url(name#.
type image struct {
	found, name []byte
}

const (
	textLogo = "mosparo_text_logo"
	newLogo  = "/resources/logo.svg"
)

// replaceImages is mosparo's last step. For every image that the CSS has at the beginning,
// it replaces the name with the path of the logo everywhere, or deletes the text logo, in
// the text that the earlier replacements have left.
func replaceImages(css []byte, showLogo bool) ([]byte, error) {
	e := editor{css: bytes.Clone(css)} // css keeps the names
	// absent has, for a text that was not found, the state of the CSS then.
	absent, state := map[string]int{}, 1
	work := int64(0)
	for _, im := range images(css) {
		drop := !showLogo && bytes.Contains(im.name, []byte(textLogo))
		what := im.name
		if drop {
			what = im.found
		}
		if absent[string(what)] == state {
			continue
		}
		if work += int64(len(e.css)); work > maxWork {
			return nil, ErrTooLarge
		}
		var changed bool
		var err error
		if drop {
			changed, err = e.replaceAll(what, nil)
		} else {
			changed, err = replaceName(&e, what)
		}
		if err != nil {
			return nil, err
		}
		if changed {
			state++ // a text that was absent may be there now
		} else {
			absent[string(what)] = state
		}
	}
	return e.css, nil
}

// replaceName replaces the name of an image with the path of the logo.
func replaceName(e *editor, name []byte) (bool, error) {
	withFragment := append(bytes.Clone(name), '#')
	changed, err := e.replaceAll(withFragment, []byte(newLogo+"?"))
	if err != nil {
		return true, err
	}
	changedToo, err := e.replaceAll(name, []byte(newLogo))
	return changed || changedToo, err
}

// images returns all images of the CSS, without overlap, as parts of css: url( in any
// case, one byte that is not a line feed, bytes other than # and ), then # or ).
func images(css []byte) []image {
	var all []image
	for i := 0; ; {
		n := bytes.IndexByte(css[i:], '(')
		if n < 0 {
			return all
		}
		start := i + n - len("url")
		i += n + 1
		if start < 0 || !bytes.EqualFold(css[start:i], []byte("url(")) || i == len(css) || css[i] == '\n' {
			continue
		}
		n = bytes.IndexAny(css[i+1:], "#)")
		if n < 0 {
			return all // nor is there an end for a later one
		}
		end := i + 1 + n
		all = append(all, image{found: css[start : end+1], name: css[i:end]})
		i = end + 1
	}
}
