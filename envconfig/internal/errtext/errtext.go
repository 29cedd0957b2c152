// Package errtext builds error texts without secrets for envconfig and the packages below
// it.
package errtext

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// NotSupported returns an error for a setting that PHP nodes can use and this module
// cannot. It unwraps to [errors.ErrUnsupported].
func NotSupported(format string, args ...any) error {
	return &notSupported{fmt.Sprintf(format, args...)}
}

type notSupported struct{ what string }

func (e *notSupported) Error() string { return "not supported: " + e.what }

func (e *notSupported) Unwrap() error { return errors.ErrUnsupported }

// Quote quotes a name for an error or warning. It does not show a text that does not look
// like a name, since it may be a piece of a password.
func Quote(name string) string {
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && !strings.ContainsRune("_-.:/[]", rune(c)) {
			return "(not shown)"
		}
	}
	if len(name) > 60 {
		return "(not shown)"
	}
	return strconv.Quote(name)
}

// ErrComment says that a comment became part of a value.
var ErrComment = errors.New("the comment after # is part of the value: comments are stripped in .env files only, not from the environment of a container or process")

// CommentHint adds [ErrComment] to an error if the value ends in a comment.
func CommentHint(value string, err error) error {
	if !HasComment(value) {
		return err
	}
	return fmt.Errorf("%w; %w", err, ErrComment)
}

// HasComment reports whether the value ends in a text that would be a comment in a .env
// file.
func HasComment(value string) bool {
	i := strings.IndexByte(value, '#')
	for i > 0 && value[i-1] != ' ' && value[i-1] != '\t' {
		next := strings.IndexByte(value[i+1:], '#')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return i >= 0
}
