package cache

import (
	"context"
	"errors"

	"github.com/mosparo/go-cluster/cache/php"
)

// result is an error as a label, see [Event].
type result string

const (
	resultOK           result = "ok"
	resultCanceled     result = "canceled"
	resultDeadline     result = "deadline"
	resultUnavailable  result = "unavailable"
	resultUnauthorized result = "unauthorized"
	resultReadOnly     result = "read_only"
	resultFull         result = "full"
	resultTooLarge     result = "too_large"
	resultInvalid      result = "invalid"
	resultDecode       result = "decode"
	resultClosed       result = "closed"
	resultLoad         result = "load"
	resultOther        result = "other"
)

// resultOf returns the label of an error; the first condition counts that the
// error unwraps to. A miss and a stored null are no failure.
func resultOf(err error) result {
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrNull) {
		return resultOK
	}
	for _, c := range []struct {
		err    error
		result result
	}{
		{context.Canceled, resultCanceled},
		{ErrUnauthorized, resultUnauthorized},
		{ErrReadOnly, resultReadOnly},
		{ErrFull, resultFull},
		{ErrTooLarge, resultTooLarge},
		{ErrInvalidTTL, resultInvalid},
		{ErrClosed, resultClosed},
		{ErrUnavailable, resultUnavailable},
		{context.DeadlineExceeded, resultDeadline},
	} {
		if errors.Is(err, c.err) {
			return c.result
		}
	}
	var decode *DecodeError
	var key *KeyError
	var encode *php.EncodeError
	switch {
	case errors.As(err, &decode):
		return resultDecode
	case errors.As(err, &key), errors.As(err, &encode):
		return resultInvalid
	}
	return resultOther
}
