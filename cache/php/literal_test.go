package php_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/php"
)

type literalCase struct {
	Kind, Name string
	Static     *bool
	Content    *string
	Value      map[string]any
}

func literalCases(tb testing.TB) []literalCase {
	tb.Helper()
	var file struct{ Cases []literalCase }
	readJSON(tb, "testdata/env-mosparo-php.json", &file)
	require.Greater(tb, len(file.Cases), 40)
	return file.Cases
}

func TestParseLiteral_GetsWhatPHPGets(t *testing.T) {
	for _, c := range literalCases(t) {
		if c.Kind == "code" || c.Content == nil || *c.Content == "" {
			continue
		}
		t.Run(c.Kind+" "+c.Name, func(t *testing.T) {
			v, err := php.ParseLiteral([]byte(*c.Content), php.WithDir("{ROOT}/config"))
			require.NoError(t, err)
			require.Equal(t, normal(c.Value), normal(typed(t, v)))
		})
	}
}

func TestParseLiteral_RefusesWhatNeedsPHP(t *testing.T) {
	for _, c := range literalCases(t) {
		if c.Kind != "code" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			_, err := php.ParseLiteral([]byte(*c.Content), php.WithDir("/x"))
			var literal *php.LiteralError
			require.ErrorAs(t, err, &literal)
			require.Positive(t, literal.Line)
			require.Positive(t, literal.Column)
		})
	}
}

func TestMarshalLiteral_WritesAsMosparoDoes(t *testing.T) {
	for _, c := range literalCases(t) {
		if c.Kind != "written" && c.Kind != "mappings" {
			continue
		}
		t.Run(c.Kind+" "+c.Name, func(t *testing.T) {
			v, err := php.ParseLiteral([]byte(*c.Content))
			require.NoError(t, err)
			got, err := php.MarshalLiteral(v)
			require.NoError(t, err)
			require.Equal(t, *c.Content, string(got))
		})
	}
}

func TestParseLiteral_Notations(t *testing.T) {
	a := func(pairs ...any) *php.Array {
		out := &php.Array{}
		for i := 0; i < len(pairs); i += 2 {
			k, ok := pairs[i].(php.Key)
			if !ok {
				k = php.StringKey(pairs[i].(string))
			}
			out.Elements = append(out.Elements, php.Element{Key: k, Value: pairs[i+1]})
		}
		return out
	}
	for src, want := range map[string]any{
		"0x7fffffffffffffff":              int64(math.MaxInt64),
		"0xffffffffffffffff":              float64(1 << 64),
		"0b1" + strings.Repeat("1", 63):   1.844674407370955e19, // rounded twice for each digit
		"04300055323112576044576021":      math.Float64frombits(0x4491802d6992afc2),
		"9223372036854775808":             float64(1 << 63),
		"-9223372036854775808":            -float64(1 << 63),
		"-9223372036854775807-1":          int64(math.MinInt64),
		"0b101":                           int64(5),
		"0o17":                            int64(15),
		"0_17":                            int64(15),
		"00":                              int64(0),
		"01.5":                            1.5,
		".5":                              0.5,
		"6.":                              6.0,
		"1_0.2_5e1_0":                     10.25e10,
		"1e400":                           math.Inf(1),
		"- - 5":                           int64(5),
		"60 + 5 - 70":                     int64(-5),
		"PHP_INT_MAX + 1":                 float64(1 << 63),
		`\TRUE`:                           true,
		"(1)":                             int64(1),
		"/**/(/**/'a'#\n.//?\n'b')":       "ab",
		"'a' . 1 . true . null . -2":      "a11-2",
		`"\101\x4a\X4a\u{20AC}\q\""`:      "AJJ€\\q\"",
		`"\400\u{d800}"`:                  "\x00\xed\xa0\x80",
		`"a $ b {c} \{ $1"`:               `a $ b {c} \{ $1`,
		`'\n\x'`:                          `\n\x`,
		"<<<A\nA":                         "",
		"<<<A\nx\ny\nA":                   "x\ny",
		"<<<'A'\nx\\n$y\n\nA":             "x\\n$y\n",
		"<<<\"A\"\nx\\ty\\\"\nA":          "x\ty\\\"",
		"<<<A\r\n  x\r\n\r\n   AB\r\n  A": "x\r\n\r\n AB",
		"[1 => 'a', '1' => 'b', 1.0 => 'c', true => 'd']": a(php.IntKey(1), "d"),
		"[null => 1, false => 2, '-0' => 3]":              a("", int64(1), php.IntKey(0), int64(2), "-0", int64(3)),
		"[-1 => 'a', 'b']":                                a(php.IntKey(-1), "a", php.IntKey(0), "b"),
		"['x' . 'y' => 1, ]":                              a("xy", int64(1)),
		"array /* */ ( 'a' => array() , )":                a("a", php.List()),
		"['a\x00b' => \"\\0\", 5 => 'five', 'six']":       a("a\x00b", "\x00", php.IntKey(5), "five", php.IntKey(6), "six"),
		"['\xff' => '\xfe']":                              a("\xff", "\xfe"),
	} {
		for _, end := range []string{";", " ?>", "; // done\n", ";\n?>\n\nbye"} {
			got, err := php.ParseLiteral([]byte("<?php\nreturn " + src + end))
			if err != nil && end == " ?>" && strings.Contains(src, "<<<") {
				continue
			}
			require.NoError(t, err, "%s", src)
			require.Equal(t, want, got, "%s", src)
		}
	}
}

func TestParseLiteral_SaysWhereItStops(t *testing.T) {
	for src, want := range map[string]string{
		"<?php return [\n  'a' => $x,\n];":          "line 2, column 10: a variable is not data",
		"<?php return [1,\r\n2,\r3,\n\tfoo()];":     `line 4, column 2: "foo" is not data`,
		"<?php return 'abc":                         "line 1, column 14: string without end",
		"<?php return \"a\n{$b}\";":                 "line 2, column 1: a variable in a string is not data",
		"\n<?php return 1;":                         "line 1, column 1: the file does not begin with <?php",
		"\xef\xbb\xbf<?php return 1;":               "line 1, column 1: the file does not begin with <?php",
		"<?php return 1":                            "line 1, column 15: unexpected end of the file",
		"<?php return 1; echo 2;":                   "line 1, column 17: something follows the value",
		"<?php return 1; ?> <?php f();":             "line 1, column 20: something follows the value",
		"<?php /* return 1;":                        "line 1, column 7: comment without end",
		"<?php #[A]\nreturn 1;":                     "line 1, column 7: an attribute is not data",
		"<?php return 08;":                          "line 1, column 14: not an octal number",
		"<?php return 1__0;":                        `line 1, column 15: "__0" is not data`,
		"<?php return 1 .5;":                        `line 1, column 17: unexpected '5'`,
		"<?php return 1 --1;":                       `line 1, column 17: unexpected '-'`,
		"<?php return 'a' . 1.5;":                   "line 1, column 20: the text of a float depends on PHP's settings",
		"<?php return 'a' . 1 + 2;":                 "line 1, column 22: dot and sign in one expression need parentheses",
		"<?php return [1.5 => 1];":                  "line 1, column 15: a float with a fraction is no key",
		"<?php return [[] => 1];":                   "line 1, column 15: an array is no key",
		"<?php return [-5 => 1, 2];":                "line 1, column 24: the key of this element depends on PHP's version",
		"<?php return [PHP_INT_MAX => 1, 2];":       "line 1, column 33: no key is left for this element",
		"<?php return [1,,2];":                      "line 1, column 17: unexpected ','",
		"<?php return [...[1]];":                    "line 1, column 15: unexpected '.'",
		"<?php return [&$a];":                       "line 1, column 15: a reference is not data",
		"<?php return __DIR__;":                     `line 1, column 14: "__DIR__" is not data`,
		"<?php return inf;":                         `line 1, column 14: "inf" is not data`,
		"<?php return A\\true;":                     `line 1, column 14: "A" is not data`,
		"<?php return \"\\u{110000}\";":             "line 1, column 15: not a code point",
		"<?php return <<<A\n  a\n b\n  A;":          "line 2, column 1: a line of the heredoc is indented less than its end",
		"<?php return <<<A\n$b\nA;":                 "line 1, column 14: a variable in a string is not data",
		"<?php return <<<A\nA0\n":                   "line 1, column 14: heredoc without end",
		"<?php declare(ticks=1); return 1;":         `line 1, column 15: "ticks" is not data`,
		"<?php return\\true;":                       `line 1, column 7: "return" is not data`,
		"<?phpreturn 1;":                            `line 1, column 6: "return" is not data`,
		"<?php return \x01;":                        "line 1, column 14: unexpected byte 0x01",
		"<?php return " + strings.Repeat("[", 600):  "line 1, column 526: nested deeper than 512",
		"<?php return " + strings.Repeat("- ", 600): "line 1, column 1036: nested deeper than 512",
	} {
		_, err := php.ParseLiteral([]byte(src))
		require.EqualError(t, err, "php: "+want, "%.60q", src)
	}
}

func TestParseLiteral_RefusesAFileThatReturnsNothing(t *testing.T) {
	for _, src := range []string{"<?php", "<?php\n// nothing\n", "<?php declare(strict_types=1);", "<?php ?>\n"} {
		_, err := php.ParseLiteral([]byte(src))
		require.ErrorContains(t, err, "the file returns nothing", "%q", src)
	}
}

func TestMarshalLiteral_RefusesWhatIsNoPlainData(t *testing.T) {
	_, err := php.MarshalLiteral(map[string]any{"a": []any{1, &php.Enum{Class: "E", Case: "C"}}})
	require.EqualError(t, err, `php: cannot write ["a"][1]: enum is not plain data`)
	var encode *php.EncodeError
	require.ErrorAs(t, err, &encode)

	loop := &php.Ref{}
	loop.Value = php.List(loop)
	_, err = php.MarshalLiteral(loop.Value)
	require.ErrorAs(t, err, &encode)
}

func TestMarshalLiteral_TakesGoValues(t *testing.T) {
	got, err := php.MarshalLiteral(map[string]any{"b": []string{"it's", "a\\b\x00"}, "a": struct {
		N float64 `php:"n"`
	}{2}})
	require.NoError(t, err)
	require.Equal(t, "<?php\n\nreturn array (\n  'a' => \n  array (\n    'n' => 2.0,\n  ),\n  'b' => \n  array (\n    0 => 'it\\'s',\n    1 => 'a\\\\b' . \"\\0\" . '',\n  ),\n);\n", string(got))
}

func FuzzParseLiteral(f *testing.F) {
	for _, c := range literalCases(f) {
		if c.Content != nil {
			f.Add([]byte(*c.Content))
		}
	}
	f.Add([]byte("<?php return <<<'A'\n a\n A . \"\\x41\\u{41}\\101\" . -0x1F;"))
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := php.ParseLiteral(src)
		if err != nil {
			var literal *php.LiteralError
			require.ErrorAs(t, err, &literal)
			return
		}
		written, err := php.MarshalLiteral(v)
		require.NoError(t, err)
		again, err := php.ParseLiteral(written)
		require.NoError(t, err)
		require.Equal(t, normal(typed(t, v)), normal(typed(t, again)))
	})
}
