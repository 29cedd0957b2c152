package csshttp_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/require"
)

func TestCSS_ComesCompressedWithAnEntityTagOfItsBytes(t *testing.T) {
	text := strings.Repeat(".mosparo__container{color:red}", 300)
	h, _, _ := served(t, css(hashA, text))
	tags := map[string]bool{}
	for accept, encoding := range map[string]string{
		"": "", "gzip": "gzip", "gzip, deflate, br": "br", "br;q=0.5, gzip": "gzip", "br;q=0, *": "gzip",
		"*": "br", "identity": "", "gzip;q=0": "", "gzip;q=nonsense": "", "GZIP": "gzip", "br;q=1.0, gzip;q=0.8": "br",
		"identity, gzip;q=0.5": "", "gzip, identity": "gzip", "identity;q=0.5, br;q=0.5": "br", "*;q=0": "", "identity;q=0, gzip;q=0.001": "gzip",
	} {
		headers := map[string]string{"Accept-Encoding": accept}
		res := do(h, "GET "+path(hashA), headers)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, encoding, res.Header.Get("Content-Encoding"), accept)
		require.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
		sent := bodyOf(t, res)
		require.Equal(t, fmt.Sprint(len(sent)), res.Header.Get("Content-Length"))
		var plain io.Reader = strings.NewReader(sent)
		switch encoding {
		case "gzip":
			z, err := gzip.NewReader(plain)
			require.NoError(t, err)
			plain = z
		case "br":
			plain = brotli.NewReader(plain)
		}
		b, err := io.ReadAll(plain)
		require.NoError(t, err)
		require.Equal(t, text, string(b))
		if encoding != "" {
			require.Less(t, len(sent), len(text)/10)
		}
		tag := res.Header.Get("Etag")
		tags[tag] = true

		head := do(h, "HEAD "+path(hashA), headers)
		require.Empty(t, bodyOf(t, head))
		require.Equal(t, res.Header, head.Header)
		for _, match := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			headers["If-None-Match"] = match
			res := do(h, "GET "+path(hashA), headers)
			require.Equal(t, 304, res.StatusCode, match)
			require.Equal(t, tag, res.Header.Get("Etag"))
			require.Equal(t, "max-age=31536000, public", res.Header.Get("Cache-Control"))
			require.Empty(t, bodyOf(t, res))
		}
		headers["If-None-Match"] = `"other"`
		require.Equal(t, 200, do(h, "GET "+path(hashA), headers).StatusCode)
	}
	require.Len(t, tags, 3, "each encoding is a representation of its own")
}

func TestCSS_InRanges(t *testing.T) {
	h, _, _ := served(t, css(hashA, "0123456789"))
	tag := do(h, "GET "+path(hashA), nil).Header.Get("Etag")
	for _, c := range []struct {
		headers map[string]string
		status  int
		body    string
	}{
		{map[string]string{"Range": "bytes=2-4"}, 206, "234"},
		{map[string]string{"Range": "bytes=-3", "Accept-Encoding": "br"}, 206, "789"},
		{map[string]string{"Range": "bytes=2-4", "If-Range": tag}, 206, "234"},
		{map[string]string{"Range": "bytes=2-4", "If-Range": `"other"`}, 200, "0123456789"},
		{map[string]string{"Range": "bytes=2-4", "If-None-Match": tag}, 304, ""},
		{map[string]string{"Range": "bytes=20-"}, 416, "invalid range: failed to overlap\n"},
	} {
		res := do(h, "GET "+path(hashA), c.headers)
		require.Equal(t, c.status, res.StatusCode, c.headers)
		require.Equal(t, c.body, bodyOf(t, res), c.headers)
		require.Empty(t, res.Header.Get("Content-Encoding"))
	}
}

func TestCSS_AnAnswerThatIsNoCSSIsNotKept(t *testing.T) {
	h, _, _ := served(t, css(hashA, "0123456789"))
	tag := do(h, "GET "+path(hashA), nil).Header.Get("Etag")
	for _, c := range []struct {
		headers map[string]string
		status  int
	}{
		{map[string]string{"Range": "bytes=0-1", "If-Match": `"other"`}, 412},
		{map[string]string{"If-Match": `"other"`}, 412},
		{map[string]string{"If-Match": `"other"`, "If-None-Match": tag}, 412},
		{map[string]string{"If-Match": "W/" + tag}, 412}, // weak tags match nothing here
		{map[string]string{"If-Match": "nonsense, " + tag}, 412},
		{map[string]string{"Range": "bytes=20-"}, 416},
	} {
		for _, method := range []string{"GET ", "HEAD "} {
			if method == "HEAD " && c.status == 416 {
				continue // ranges are for GET
			}
			res := do(h, method+path(hashA), c.headers)
			require.Equal(t, c.status, res.StatusCode, c.headers)
			require.NotContains(t, res.Header.Get("Cache-Control"), "max-age")
		}
	}
	for _, match := range []string{tag, "*", `"other", ` + tag, ` , "a,b" ,` + tag} {
		require.Equal(t, 206, do(h, "GET "+path(hashA), map[string]string{"Range": "bytes=0-1", "If-Match": match}).StatusCode, match)
		require.Equal(t, 200, do(h, "GET "+path(hashA), map[string]string{"If-Match": match}).StatusCode, match)
		require.Equal(t, 304, do(h, "GET "+path(hashA), map[string]string{"If-Match": match, "If-None-Match": match}).StatusCode, match)
	}
}

func TestCSS_AnEntityTagIsNotSplit(t *testing.T) {
	h, _, _ := served(t, css(hashA, "0123456789"))
	tag := do(h, "GET "+path(hashA), nil).Header.Get("Etag")
	for known, status := range map[string]int{
		`"a,` + tag: 200, `"a, ` + tag + `,b"`: 200, `"` + tag + `"`: 200, `"a,b"`: 200, `"*"`: 200, `"a", *`: 200,
		`"a,b", ` + tag: 304, `W/"a,b",W/` + tag + `,"c"`: 304, " * ": 304, tag + "x": 304, "": 200, `"`: 200,
	} {
		require.Equal(t, status, do(h, "GET "+path(hashA), map[string]string{"If-None-Match": known}).StatusCode, known)
	}
}

func TestAnswers_AreForEveryOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, _ := served(t, css(hashA, "x"))
		for request, status := range map[string]int{
			"GET /resources/" + project.String() + ".css": 307, "GET " + path(hashB): 307, "GET " + path(hashA) + "/": 301,
			"GET " + path(hashA): 200, "GET /resources/logo.svg": 200,
		} {
			time.Sleep(time.Second) // the list is not read with every request
			res := do(h, request, map[string]string{"Origin": "https://shop.example"})
			require.Equal(t, status, res.StatusCode, request)
			require.Equal(t, "*", res.Header.Get("Access-Control-Allow-Origin"), request)
			if status == 200 {
				require.Equal(t, "ETag", res.Header.Get("Access-Control-Expose-Headers"), request)
			}
		}
	})
}

func TestCSS_RangesCountForGETAndBytesOnly(t *testing.T) {
	text := strings.Repeat(".mosparo__container{color:red}", 300)
	h, _, _ := served(t, css(hashA, text))
	for request, unit := range map[string]string{"HEAD ": "bytes=2-4", "POST ": "bytes=2-4", "GET ": "lines=2-4"} {
		headers := map[string]string{"Accept-Encoding": "gzip"}
		without := do(h, request+path(hashA), headers)
		headers["Range"] = unit
		with := do(h, request+path(hashA), headers)
		require.Equal(t, 200, with.StatusCode, request+unit)
		require.Equal(t, without.Header, with.Header, request+unit)
		require.Equal(t, bodyOf(t, without), bodyOf(t, with))
	}
}

func TestCSS_FromMemoryAllocatesNothing(t *testing.T) {
	h, _, _ := served(t, css(hashA, strings.Repeat("a{}", 3000)))
	hit := httptest.NewRequest(http.MethodGet, path(hashA), nil)
	hit.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	first := httptest.NewRecorder()
	h.ServeHTTP(first, hit)
	unchanged := hit.Clone(t.Context())
	unchanged.Header.Set("If-None-Match", first.Header().Get("Etag"))
	for _, r := range []*http.Request{hit, unchanged} {
		w := &counter{header: http.Header{}}
		h.ServeHTTP(w, r) // makes the map grow
		allocs := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) })
		require.Less(t, allocs, 1.0)
	}
}
