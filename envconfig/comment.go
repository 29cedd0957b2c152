package envconfig

import (
	"errors"
	"fmt"
)

// errComment says that a comment became part of a value.
var errComment = errors.New("the comment after # is part of the value: comments are stripped in .env files only, not from the environment of a container or process")

// commentHint adds to an error that the value ends in a comment, if it does.
func commentHint(text string, err error) error {
	if !hasTrailingComment(text) {
		return err
	}
	return fmt.Errorf("%w; %w", err, errComment)
}
