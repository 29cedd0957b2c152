package design

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/mosparo/go-cluster/cache/php"
)

// toString converts a value to a string as PHP does, and returns false if PHP cannot.
func toString(v any) (string, bool) {
	switch v := php.Deref(v).(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		if v {
			return "1", true
		}
		return "", true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return formatFloat(v), true
	case *php.Array:
		return "Array", true // with a notice
	}
	return "", false
}

func isArray(v any) bool {
	_, ok := v.(*php.Array)
	return ok
}

// formatFloat formats a float as PHP does with precision = 14: without trailing zeros, and
// with an exponent below 1e-4 and from 15 digits before the point on.
func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "INF"
	case math.IsInf(f, -1):
		return "-INF"
	case math.IsNaN(f):
		return "NAN"
	case f == 0:
		if math.Signbit(f) {
			return "-0"
		}
		return "0"
	}
	const digits = 14
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', digits-1, 64), "e")
	exp, _ := strconv.Atoi(exponent) // FormatFloat wrote it
	if exp >= -4 && exp < digits {
		return trimZeros(strconv.FormatFloat(f, 'f', max(0, digits-1-exp), 64))
	}
	mantissa = trimZeros(mantissa)
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	return fmt.Sprintf("%sE%+d", mantissa, exp)
}

// trimZeros removes zeros at the end of a fraction.
func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// truthy converts a value to bool as PHP does.
func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != "" && v != "0"
	case *php.Array:
		return len(v.Elements) > 0
	}
	return true
}

// moreThan reports whether v > limit in PHP 8.
func moreThan(v any, limit int64) bool {
	switch v := v.(type) {
	case nil:
		return false // counts as 0
	case bool:
		return v && limit == 0
	case int64:
		return v > limit
	case float64:
		return v > float64(limit)
	case string:
		if n, ok := parseNumber(v); ok {
			return n > float64(limit)
		}
		return v > strconv.FormatInt(limit, 10)
	case *php.Array:
		return true // an array is more than any number
	}
	return 1 > limit // an object counts as 1
}

// parseNumber parses a string as PHP 8 does to compare it with a number: decimal, with
// white space around it, or false.
func parseNumber(s string) (float64, bool) {
	const space = " \t\n\r\v\f"
	s = strings.TrimRight(strings.TrimLeft(s, space), space)
	if strings.Trim(s, "+-.0123456789eE") != "" || strings.ContainsAny(s, "_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// replacement is the text that replaces a variable, for each of its two spellings. They
// differ only for an array where a colour or text is expected.
type replacement struct{ spaced, minified []byte }

// same returns a replacement that is s for both.
func same(s string) replacement { return replacement{[]byte(s), []byte(s)} }

// replacement converts the value of a setting, depending on the type of the setting.
func (v *variable) replacement(value any) (replacement, error) {
	switch v.kind {
	case "bool":
		return same(switches[v.key][truthy(value)]), nil
	case "number":
		s, ok := toString(value)
		if !ok {
			return replacement{}, v.textError()
		}
		return same(s + "px"), nil
	case "valueWithUnit":
		return v.size(value)
	case "color":
		if value == nil || value == "" || value == false {
			return same(transparent), nil
		}
	}
	if a, ok := value.(*php.Array); ok {
		return v.elements(a)
	}
	s, ok := toString(value)
	if !ok {
		return replacement{}, v.textError()
	}
	return same(s), nil
}

// switches are the texts for the settings that are on or off.
var switches = map[string]map[bool]string{
	"showPingAnimation": {true: "mosparo__ping-animation", false: "none"},
	"showMosparoLogo":   {true: "block", false: "none"},
	"fullPageOverlay":   {true: "fixed", false: "absolute"},
}

// size returns the replacement for a number with its unit.
func (v *variable) size(value any) (replacement, error) {
	var b bytes.Buffer
	switch value := value.(type) {
	case nil, bool, int64, float64:
		// PHP warns, and takes both parts for null.
	case *php.Array:
		for _, part := range []string{"value", "unit"} {
			p, _ := value.Get(php.Key{Str: part})
			s, ok := toString(p)
			if !ok {
				return replacement{}, v.textError()
			}
			b.WriteString(s)
		}
	default:
		return replacement{}, v.textError()
	}
	return replacement{b.Bytes(), b.Bytes()}, nil
}

// elements returns the replacement for an array. PHP replaces the two spellings with its
// first two elements, in their order.
func (v *variable) elements(a *php.Array) (replacement, error) {
	var r replacement
	for i, to := range []*[]byte{&r.spaced, &r.minified} {
		if i < len(a.Elements) {
			s, ok := toString(a.Elements[i].Value)
			if !ok {
				return r, v.textError()
			}
			*to = []byte(s)
		}
	}
	return r, nil
}

func (v *variable) textError() error {
	return &ValueError{Setting: v.key, Msg: "has no text"}
}
