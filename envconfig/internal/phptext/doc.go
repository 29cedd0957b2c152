// Package phptext has the functions of PHP that decide what a setting means:
// parse_url, parse_str, filter_var and the casts of texts to numbers, with
// PHP's own edge cases. They differ from Go's in what they let pass, which
// decides where a PHP node connects.
package phptext
