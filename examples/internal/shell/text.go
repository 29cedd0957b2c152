// Package shell is what the programs here share to answer a shell: text that a
// terminal does not obey, and exit codes of the cleanup.
package shell

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Plain returns text as a terminal may get it, in one line: hosts, reasons and
// errors of servers come from the cluster, where others may have put anything.
// Each control character, also of C1, and each that reverses the direction of
// writing or is invisible becomes U+FFFD.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// Lines is [Plain] for text of several lines, such as joined errors. All but the
// first are indented, so that none looks like a message of the program itself.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Plain(line)
	}
	return strings.Join(lines, "\n  ")
}

// JSON returns a writer for JSON that goes to w with every character escaped
// that [Plain] would replace: JSON itself allows most of them in a string. Each
// Write has whole characters, as those of encoding/json and log/slog do.
func JSON(w io.Writer) io.Writer { return escaper{w} }

type escaper struct{ w io.Writer }

func (e escaper) Write(p []byte) (int, error) {
	if _, err := e.w.Write(escape(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func escape(p []byte) []byte {
	out := make([]byte, 0, len(p))
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if r < 0x7f || unicode.IsPrint(r) { // below, JSON escapes what has to be
			out = append(out, p[:size]...)
		} else if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		p = p[size:]
	}
	return out
}
