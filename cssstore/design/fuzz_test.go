package design_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

// Any settings, also such as mosparo never stores, give a design or an error,
// always the same one.
func FuzzPrepare_NeverPanicsAndIsTheSameAgain(f *testing.F) {
	for _, c := range vectors(f) {
		if !strings.Contains(c.Name, "random") {
			var all php.Array
			for _, r := range fixturetest.Rows(f, c.Rows) {
				all.Elements = append(all.Elements, php.Element{Key: php.Key{Str: r.Name}, Value: r.Value})
			}
			raw, err := php.Marshal(&all)
			require.NoError(f, err)
			f.Add(raw)
		}
	}
	base := fixturetest.Unpack(f, "testdata/base.css.gz")
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := php.Decode(raw)
		all, ok := v.(*php.Array)
		if err != nil || !ok {
			return
		}
		var rows []design.Row
		for _, e := range all.Elements {
			rows = append(rows, design.Row{Name: e.Key.Str, Value: e.Value})
		}
		r, err := design.Prepare(cssstore.UUID{1}, rows, base)
		again, errAgain := design.Prepare(cssstore.UUID{1}, rows, base)
		require.Equal(t, err == nil, errAgain == nil)
		require.Equal(t, r, again)
		require.LessOrEqual(t, len(r.CSS), design.MaxSize)
		if err == nil {
			require.False(t, r.Hash.IsZero())
			require.NotContains(t, string(r.CSS), "\n")
		}
	})
}

var (
	comment = regexp.MustCompile(`/\*[^\n][^*]*\*/`)
	image   = regexp.MustCompile(`(?i)(url\(([^\n][^#)]*)[)#])`)
)

// byTheRules is what follows the variables, as mosparo's expressions say it.
func byTheRules(css []byte, showLogo bool) []byte {
	css = bytes.ReplaceAll(css, []byte(".mosparo__container"), []byte(".mosparo__"+cssstore.UUID{1}.String()))
	css = bytes.ReplaceAll(comment.ReplaceAllLiteral(css, nil), []byte("\n"), nil)
	for _, m := range image.FindAllSubmatch(bytes.Clone(css), -1) {
		if !showLogo && bytes.Contains(m[2], []byte("mosparo_text_logo")) {
			css = bytes.ReplaceAll(css, m[1], nil)
			continue
		}
		css = bytes.ReplaceAll(css, append(bytes.Clone(m[2]), '#'), []byte("/resources/logo.svg?"))
		css = bytes.ReplaceAll(css, m[2], []byte("/resources/logo.svg"))
	}
	return css
}

func FuzzCSS_CommentsLinesAndImagesFollowTheRules(f *testing.F) {
	for _, css := range []string{
		"/* a */b/**/c/***/d/*\n*/e/*x", "url(a.svg)url(b#c)URL()x)url(\n)url(", "url(mosparo_text_logo.svg#fc=1)mosparo_text_logo.svg",
		"url(/resources/logo.svg)url(logo)", ".mosparo__container.mosparo__containers", "/*a*//*b*/url(/*c*/)", "url(a)url(aa)url(a#a)",
	} {
		f.Add([]byte(css), true)
		f.Add([]byte(css), false)
	}
	f.Fuzz(func(t *testing.T, css []byte, showLogo bool) {
		if len(css) > 200 || bytes.Contains(css, []byte("var(--mosparo-")) {
			return
		}
		d, err := design.New([]design.Row{{Name: "designMode", Value: "advanced"}, {Name: "showMosparoLogo", Value: showLogo}})
		require.NoError(t, err)
		got, err := d.CSS(cssstore.UUID{1}, css)
		if err != nil {
			require.ErrorIs(t, err, design.ErrTooLarge)
			return
		}
		require.Equal(t, string(byTheRules(css, showLogo)), string(got))
	})
}
