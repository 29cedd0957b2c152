package main

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// style is a colour or weight of text on a terminal, as an SGR parameter.
type style string

const (
	normal style = ""
	bold   style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// env returns a variable of the environment.
func (a *app) env(name string) string {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if n, value, _ := strings.Cut(a.environ[i], "="); n == name {
			return value
		}
	}
	return ""
}

// isDumb reports whether terminals only show text.
func (a *app) isDumb() bool { return a.env("TERM") == "dumb" }

// paint returns text in a style, if it goes to a terminal that has colours.
func (a *app) paint(tty bool, s style, text string) string {
	if !tty || s == normal || text == "" || a.env("NO_COLOR") != "" || a.isDumb() {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// showsProgress reports whether stderr is a terminal on which a line can be replaced.
func (a *app) showsProgress() bool { return a.errTTY && !a.isDumb() }

// replaceLine replaces the last line on the terminal.
func (a *app) replaceLine(format string, args ...any) {
	if a.showsProgress() {
		fmt.Fprintf(a.stderr, "\r\x1b[K"+format, args...)
	}
}

// cell is a text in a table.
type cell struct {
	text  string
	style style
}

// table is aligned on a terminal, with its head in bold type. Elsewhere it has one tab
// between two cells, so that cut(1) and awk(1) can read it.
type table struct {
	app  *app
	rows [][]cell
}

// newTable returns a table with a head, or without one if there are no names.
func (a *app) newTable(head ...string) *table {
	t := &table{app: a}
	if len(head) > 0 {
		row := make([]cell, len(head))
		for i, name := range head {
			row[i] = cell{name, bold}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// add adds a row of cells and values. What a terminal could misinterpret is replaced.
func (t *table) add(values ...any) {
	row := make([]cell, len(values))
	for i, v := range values {
		c, ok := v.(cell)
		if !ok {
			c = cell{text: fmt.Sprint(v)}
		}
		c.text = shell.Plain(c.text)
		row[i] = c
	}
	t.rows = append(t.rows, row)
}

// write writes the table to stdout.
func (t *table) write() error {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		for i, c := range row {
			b.WriteString(t.app.paint(t.app.outTTY, c.style, c.text))
			switch {
			case i == len(row)-1:
			case t.app.outTTY:
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)+2))
			default:
				b.WriteByte('\t')
			}
		}
		b.WriteByte('\n')
	}
	_, err := t.app.stdout.Write([]byte(b.String()))
	return err
}
