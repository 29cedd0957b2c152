package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"

	"github.com/mosparo/go-cluster/cache/memcachedadapter"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// maxInput limits what a command reads from standard input or a file, in bytes.
const maxInput = 64 << 20

func valueGroup() command {
	return command{
		name: "value", aliases: []string{"values"}, help: "Decode and encode stored values.",
		sub: []command{
			{
				name: "decode", args: "[--lines] [--any-class] [--memcached-flags N] < BYTES", run: valueDecode, asks: offline,
				help:     "Show stored bytes (serialize() or igbinary) as typed JSON.",
				examples: []string{`printf 'a:1:{i:0;b:1;}' | mosparoctl debug value decode`},
			},
			{
				name: "encode", args: "[--lines] < JSON", run: valueEncode, asks: offline,
				help:     "Convert typed JSON to the format of serialize().",
				examples: []string{`echo '{"t":"int","v":"7"}' | mosparoctl debug value encode`},
			},
		},
	}
}

func valueDecode(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	alwaysJSON(flags)
	lines := flags.Bool("lines", false, "read base64, one value per line")
	memcached := flags.Int64("memcached-flags", -1, "the bytes are a memcached item with these flags")
	anyClass := flags.Bool("any-class", false, "also show objects of unknown classes, as data")
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"value decode takes its input from standard input"}
		}
		if *memcached < -1 || *memcached > math.MaxUint32 {
			return usageError{"--memcached-flags must have 32 bits"}
		}
		show := func(raw []byte) ([]byte, error) {
			if *memcached >= 0 {
				var err error
				if raw, err = memcachedadapter.Decode(raw, uint32(*memcached), maxInput); err != nil {
					return nil, err
				}
			}
			v, err := php.Decode(raw)
			if err != nil {
				return nil, err
			}
			if !*anyClass {
				if err := restore(v); err != nil {
					return nil, err
				}
			}
			return typedjson.Marshal(v)
		}
		if *lines {
			return a.eachLine(func(line []byte) ([]byte, error) {
				raw, err := base64.StdEncoding.DecodeString(string(line))
				if err != nil {
					return nil, fmt.Errorf("not base64: %w", err)
				}
				return show(raw)
			})
		}
		raw, err := a.input()
		if err != nil {
			return err
		}
		out, err := show(raw)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(shell.JSON(a.stdout), "%s\n", out)
		return err
	}
}

func valueEncode(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	lines := flags.Bool("lines", false, `read typed JSON and write {"b64": "…"}, one value per line`)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"value encode takes its input from standard input"}
		}
		write := func(doc []byte) ([]byte, error) {
			v, err := typedjson.Unmarshal(doc)
			if err != nil {
				return nil, err
			}
			if err := store(v); err != nil {
				return nil, err
			}
			return php.Marshal(v)
		}
		if *lines {
			return a.eachLine(func(line []byte) ([]byte, error) {
				raw, err := write(line)
				if err != nil {
					return nil, err
				}
				return json.Marshal(map[string]string{"b64": base64.StdEncoding.EncodeToString(raw)})
			})
		}
		doc, err := a.input()
		if err != nil {
			return err
		}
		raw, err := write(doc)
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(raw)
		return err
	}
}

// input reads all of standard input, up to maxInput.
func (a *app) input() ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(a.stdin, maxInput+1))
	if err == nil && len(b) > maxInput {
		err = fmt.Errorf("more than %d bytes on standard input", maxInput)
	}
	return b, err
}

// eachLine converts each line of standard input. A line that fails becomes
// {"error": "…"}, and the next one follows.
func (a *app) eachLine(do func(line []byte) ([]byte, error)) error {
	in := bufio.NewReader(a.stdin)
	out := bufio.NewWriter(a.stdout)
	lines := shell.JSON(out)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				return out.Flush()
			}
			return err
		}
		answer, doErr := do(bytes.TrimRight(line, "\r\n"))
		if doErr != nil {
			if answer, err = json.Marshal(map[string]string{"error": doErr.Error()}); err != nil {
				return err
			}
		}
		if _, err := lines.Write(append(answer, '\n')); err != nil {
			return err
		}
	}
}
