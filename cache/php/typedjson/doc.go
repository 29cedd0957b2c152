// Package typedjson shows PHP values as JSON in which every value says its
// type, and reads that JSON back. It promises to keep what PHP's serialize()
// keeps (int and float, bytes, order, identity of objects, references), and
// not to be short.
//
// A value is an object with a tag "t": null, bool, int and float with "v" (a
// float also with its "bits"), string with "v", or "v_b64" where the bytes are
// no UTF-8, array with "list" and "entries", datetime, object, enum,
// symfony_item, and same_object and same_ref for what was met before.
package typedjson

// maxDepth is how deep package php lets values be nested.
const maxDepth = 512
