// Package phptext implements the functions of PHP that interpret a setting: parse_url,
// parse_str, filter_var and the casts of texts to numbers. They accept other texts than
// Go's functions, and so decide where a PHP node connects.
package phptext
