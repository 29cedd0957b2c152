package php_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/php"
)

// These tests ask a real PHP what it makes of values. They skip without one.

// ask runs PHP code once for every input, which it finds in $in, and returns
// what it sets $out to; "-" stands for an error or exception, and for a crash
// of PHP, which igbinary knows.
func ask(t *testing.T, code string, inputs [][]byte) []string {
	t.Helper()
	runtime := servers.PHP(t, "igbinary")
	var answers []string
	for crashes := 0; len(answers) < len(inputs); crashes++ {
		require.Less(t, crashes, 100)
		if crashes > 0 {
			answers = append(answers, "-")
		}
		cmd := runtime.Command(t.Context(), `
			date_default_timezone_set('Asia/Tokyo');
			ini_set('unserialize_callback_func', 'missing');
			function missing($class) { throw new Exception($class); }
			while (($line = fgets(STDIN)) !== false) {
				$in = base64_decode($line);
				try { $out = '-'; `+code+` } catch (Throwable $e) { $out = '-'; }
				echo $out === '-' ? '-' : base64_encode($out), "\n";
			}`)
		var stdin bytes.Buffer
		for _, in := range inputs[len(answers):] {
			stdin.WriteString(base64.StdEncoding.EncodeToString(in) + "\n")
		}
		cmd.Stdin = &stdin
		raw, _ := cmd.Output()
		for line := range strings.Lines(string(raw)) {
			line = strings.TrimSuffix(line, "\n")
			if line != "-" {
				b, err := base64.StdEncoding.DecodeString(line)
				require.NoError(t, err, "%s", line)
				line = string(b)
			}
			answers = append(answers, line)
		}
	}
	return answers
}

// reserialize reads stored bytes as Symfony does, and writes what it got.
const reserialize = `
	if (':' === ($in[1] ?? ':') || $in === 'N;') {
		$v = @unserialize($in);
		$ok = $v !== false || $in === 'b:0;';
	} else {
		$v = @igbinary_unserialize($in);
		$ok = ($v !== null || $in === "\0\0\0\2\0") && ($v !== false || substr($in, 4) === "\4");
	}
	if ($ok) $out = serialize($v);`

func TestMarshal_IsReadAndWrittenAlikeByPHP(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	inputs := make([][]byte, 2000)
	for i := range inputs {
		g := generator{rnd: rnd}
		b, err := php.Marshal(g.value(0))
		require.NoError(t, err)
		inputs[i] = b
	}
	for i, got := range ask(t, reserialize, inputs) {
		require.Equal(t, string(inputs[i]), got)
	}
	for i, raw := range ask(t, `$out = igbinary_serialize(unserialize($in));`, inputs) {
		v, err := php.Decode([]byte(raw))
		require.NoError(t, err, "%s", inputs[i])
		got, err := php.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, string(inputs[i]), string(got))
	}
}

// generator makes random values.
type generator struct {
	rnd     *rand.Rand
	objects []any
	refs    []*php.Ref
}

func (g *generator) value(depth int) any {
	n := g.rnd.IntN(14)
	if depth > 4 && n > 6 {
		n %= 7
	}
	switch n {
	case 0:
		return nil
	case 1:
		return g.rnd.IntN(2) == 0
	case 2:
		return int64(g.rnd.Uint64()) >> g.rnd.IntN(64)
	case 3, 4:
		return g.float()
	case 5, 6:
		return g.text()
	case 7, 8, 9:
		return g.array(depth)
	case 10:
		zones := []string{"+05:45", "-00:30", "CEST", "EST", "Z", "UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata"}
		kinds := []int64{1, 1, 2, 2, 2, 3, 3, 3, 3}
		z := g.rnd.IntN(len(zones))
		// At noon, when no zone changes its offset.
		at := time.UnixMicro(g.rnd.Int64N(4e15)-1e15).UTC().Format(time.DateOnly) + " 12:34:56.000700"
		var d *php.DateTime
		raw := stored{at, kinds[z], zones[z]}.serialized([]string{"DateTime", "DateTimeImmutable"}[g.rnd.IntN(2)])
		if err := php.Unmarshal(raw, &d); err != nil {
			panic(err)
		}
		return g.keep(d)
	case 11, 12:
		o := &php.Object{Class: "stdClass"}
		g.keep(o)
		for range g.rnd.IntN(4) {
			k := fmt.Sprint("p", len(o.Props))
			o.Props = append(o.Props, php.Prop{Key: php.Key{Str: k}, Value: g.element(depth)})
		}
		return o
	default:
		if len(g.objects) > 0 {
			return g.objects[g.rnd.IntN(len(g.objects))]
		}
		return nil
	}
}

func (g *generator) keep(o any) any {
	g.objects = append(g.objects, o)
	return o
}

func (g *generator) array(depth int) *php.Array {
	a := &php.Array{}
	for i := range g.rnd.IntN(5) {
		k := php.IntKey(int64(i))
		switch g.rnd.IntN(4) {
		case 0:
			k = php.StringKey(g.text() + fmt.Sprint(i))
		case 1:
			k = php.IntKey(g.rnd.Int64()>>g.rnd.IntN(64) - int64(i))
		}
		if _, ok := a.Get(k); !ok {
			a.Elements = append(a.Elements, php.Element{Key: k, Value: g.element(depth)})
		}
	}
	return a
}

// element is a value or a reference.
func (g *generator) element(depth int) any {
	if g.rnd.IntN(8) > 0 {
		return g.value(depth + 1)
	}
	if len(g.refs) > 0 && g.rnd.IntN(2) == 0 {
		return g.refs[g.rnd.IntN(len(g.refs))]
	}
	r := &php.Ref{Value: g.value(depth + 1)}
	if slices.Contains(g.objects, r.Value) {
		// A reference to an object that also stands elsewhere by itself is
		// written like the object.
		return r.Value
	}
	g.refs = append(g.refs, r)
	return r
}

func (g *generator) float() float64 {
	switch g.rnd.IntN(5) {
	case 0:
		return []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), 1e15, 1e16, 1e17, 1e18, 123456789012345678, 1e-4, 1e-5, 0.1, 5e-324, math.MaxFloat64}[g.rnd.IntN(14)]
	case 1:
		return float64(g.rnd.Int64N(1e6)-5e5) / 8
	case 2:
		return math.Round(g.rnd.Float64()*1e6) * math.Pow10(g.rnd.IntN(40)-20)
	default:
		if f := math.Float64frombits(g.rnd.Uint64()); !math.IsNaN(f) {
			return f
		}
		return 1
	}
}

func (g *generator) text() string {
	words := []string{"", "a", "date", "UTC", "\x00", "\x00*\x00", "ü", "\xff", "0", "-5", "007", "\";}", "x\x00y"}
	s := words[g.rnd.IntN(len(words))]
	if g.rnd.IntN(20) == 0 {
		s += strings.Repeat("long ", g.rnd.IntN(100))
	}
	return s
}

// TestDecode_AgreesWithPHPOnDamagedValues: whatever a flipped, lost or added
// byte makes of a value, PHP and Decode read the same or both refuse it.
func TestDecode_AgreesWithPHPOnDamagedValues(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	each := 30
	if os.Getenv("MOSPARO_TEST_LONG") == "1" {
		each = 150
	}
	var inputs [][]byte
	foreign := regexp.MustCompile("Vec|Mosparo|Spl|ArrayObject|DateInterval|DateTimeZone")
	for _, c := range valueCases(t) {
		for _, raw := range [][]byte{c.Serialize, c.Igbinary} {
			// Classes that this PHP lacks, or that store themselves.
			if foreign.Match(raw) || strings.HasPrefix(c.Name, "item") || strings.HasPrefix(c.Name, "two items") || len(raw) > 1000 {
				continue
			}
			for range each {
				inputs = append(inputs, damage(rnd, raw))
			}
		}
	}
	differ := map[string]int{}
	for i, want := range ask(t, reserialize, inputs) {
		if why := disagreement(inputs[i], want); why != "" {
			if differ[why]++; differ[why] <= 5 {
				t.Logf("%s: %.300q PHP: %.300q", why, inputs[i], want)
			}
		}
	}
	t.Logf("%d values, differences: %v", len(inputs), differ)
	require.Zero(t, differ["another value"])
	// PHP takes many texts for dates that it never writes.
	require.Less(t, differ[refusesDate], len(inputs)/500)
	delete(differ, refusesDate)
	total := 0
	for _, n := range differ {
		total += n
	}
	// Left is damage that only PHP's own bookkeeping explains.
	require.Less(t, total, len(inputs)/1000)
}

func damage(rnd *rand.Rand, raw []byte) []byte {
	b := bytes.Clone(raw)
	for range 1 + rnd.IntN(2) {
		if len(b) == 0 {
			break
		}
		i := rnd.IntN(len(b))
		switch rnd.IntN(6) {
		case 0:
			b[i] ^= 1 << rnd.IntN(8)
		case 1:
			b[i] = byte(rnd.Uint32())
		case 2:
			b = slices.Delete(b, i, i+1)
		case 3:
			b = slices.Insert(b, i, byte(rnd.Uint32()))
		case 4:
			b[i] = "0123456789-+.:;{}\"aeEiOsSrRbdN"[rnd.IntN(30)]
		default:
			j := rnd.IntN(len(b))
			b[i] = b[j]
		}
	}
	return b
}

const refusesDate = "PHP reads the date"

// disagreement says in what Decode differs from PHP.
func disagreement(raw []byte, want string) string {
	v, err := php.Decode(raw)
	if err != nil {
		if want == "-" {
			return ""
		}
		if strings.Contains(err.Error(), "not a date") || strings.Contains(err.Error(), "not a time zone") {
			return refusesDate
		}
		return "PHP reads it: " + err.Error()[strings.LastIndex(err.Error(), ":")+1:strings.LastIndex(err.Error(), " at ")]
	}
	if want == "-" {
		for _, c := range php.Classes(v) {
			if !slices.Contains([]string{"stdClass", "DateTime", "DateTimeImmutable"}, c) {
				return "" // a class that PHP does not have
			}
		}
		return "PHP refuses it"
	}
	got, err := php.Marshal(v)
	if err != nil {
		return "Marshal: " + err.Error()
	}
	if string(got) != want {
		return "another value"
	}
	return ""
}
