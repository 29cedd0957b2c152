// Package shell is shared by the command-line programs: text that is safe for terminals,
// signals, exit codes of the cleanup, and locks of a host.
package shell

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Plain returns text that is safe to print on a terminal, in one line. Host names, reasons
// and server errors come from the cluster, so they may contain anything. Control
// characters, also those of C1, characters that change the direction of writing and
// invisible ones are replaced by U+FFFD.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// Lines is [Plain] for text with several lines, such as joined errors. It indents all
// lines but the first, so that none looks like a message of the program itself.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Plain(line)
	}
	return strings.Join(lines, "\n  ")
}

// JSON returns a writer of JSON to w that escapes the characters which [Plain] replaces,
// since JSON allows most of them in strings. Each Write must contain whole characters, as
// those of encoding/json and log/slog do.
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
