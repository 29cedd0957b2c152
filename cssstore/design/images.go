package design

import "bytes"

// maxWork limits how many bytes are looked at while images are replaced.
const maxWork int64 = 4 << 30

// image is an image in the CSS.
type image struct {
	// found is all of it: url(name) or url(name#
	found, name []byte
}

const (
	textLogo = "mosparo_text_logo"
	newLogo  = "/resources/logo.svg"
)

// replaceImages is mosparo's last step: for every image that is in the CSS at
// the beginning, in the text as it is by then, the logo takes the place of the
// name wherever it stands, or the text logo is deleted.
func replaceImages(css []byte, showLogo bool) ([]byte, error) {
	e := editor{css: bytes.Clone(css)} // css keeps the names
	// absent says of a text at which state of the CSS it was not there.
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
			state++ // what was absent may be there again
		} else {
			absent[string(what)] = state
		}
	}
	return e.css, nil
}

// replaceName puts the logo where the name of an image stands.
func replaceName(e *editor, name []byte) (bool, error) {
	withFragment := append(bytes.Clone(name), '#')
	changed, err := e.replaceAll(withFragment, []byte(newLogo+"?"))
	if err != nil {
		return true, err
	}
	changedToo, err := e.replaceAll(name, []byte(newLogo))
	return changed || changedToo, err
}

// images are all images of the CSS, without overlap: url( in any case, one
// byte that is not a line feed, bytes other than # and ), then one of these.
// They are parts of css.
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
