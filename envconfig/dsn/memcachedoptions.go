package dsn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/envconfig/internal/errtext"
	"github.com/mosparo/go-cluster/envconfig/internal/phptext"
)

// memcachedOptions are the names of the constants Memcached::OPT_… (extension 3.2), with
// true for switches.
var memcachedOptions = map[string]bool{
	"compression": true, "compression_type": false, "compression_level": false, "prefix_key": false, "serializer": false,
	"user_flags": false, "store_retry_count": false, "item_size_limit": false, "hash": false, "distribution": false,
	"libketama_compatible": true, "libketama_hash": false, "tcp_keepalive": true, "buffer_writes": true,
	"binary_protocol": true, "no_block": true, "tcp_nodelay": true, "socket_send_size": false,
	"socket_recv_size": false, "connect_timeout": false, "retry_timeout": false, "dead_timeout": false,
	"send_timeout": false, "recv_timeout": false, "poll_timeout": false, "cache_lookups": true,
	"server_failure_limit": false, "auto_eject_hosts": true, "hash_with_prefix_key": true, "noreply": true,
	"sort_hosts": true, "verify_key": true, "use_udp": true, "number_of_replicas": false,
	"randomize_replica_read": true, "remove_failed_servers": true, "server_timeout_limit": false,
}

var (
	memcachedHashes = []string{"default", "md5", "crc", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "hsieh", "murmur"}
	// memcachedSerializers are those of the extension. Symfony's adapter accepts only
	// the first two.
	memcachedSerializers = []string{"php", "igbinary", "json", "json_array", "msgpack"}
	// unsupportedOptions are switches that change which server has a key, or whether a
	// request is sent, in ways that this module does not implement.
	unsupportedOptions = []string{"sort_hosts", "auto_eject_hosts", "remove_failed_servers", "use_udp", "hash_with_prefix_key"}
)

// applyOptions applies the query parameters in order, as the extension does.
func (d *Memcached) applyOptions(query *phptext.Array) error {
	if query == nil {
		return nil
	}
	upper := &phptext.Array{} // Symfony folds the case of names; a later one wins
	for _, name := range query.Keys {
		switch name {
		case "host":
		case "weight":
			d.warn("?weight= is ignored; write the weight as the path (/33) or as host[name]=33")
		case "username", "password":
			d.warn("?%s= is ignored; user and password stand before the @", name)
		case "persistent_id", "lazy":
			d.warn("?%s= is ignored in a DSN", name)
		default:
			upper.Set(strings.ToLower(name), query.At[name])
		}
	}
	for _, name := range upper.Keys {
		v := upper.At[name]
		isSwitch, known := memcachedOptions[name]
		switch {
		case !known && !slices.Contains([]string{"hash", "serializer", "distribution"}, name):
			d.warn("unknown parameter %s is ignored", quoteKey(query, name))
			continue
		case v.Arr != nil:
			return fmt.Errorf("parameter %q must be a text", name)
		}
		d.options[name] = v.Text
		if isSwitch {
			d.warnSwitch(name, v.Text)
		}
		if err := d.option(name, v.Text); err != nil {
			return err
		}
	}
	return nil
}

// milliseconds parses a timeout. For 0 and less libmemcached uses its default or none.
func milliseconds(text string) time.Duration {
	return time.Duration(min(max(phptext.Int(text), 0), math.MaxInt32)) * time.Millisecond
}

// warnSwitch warns of words, which PHP casts to 0 (off), also on and true.
func (d *Memcached) warnSwitch(name, text string) {
	if phptext.Int(text) == 0 && text != "0" {
		d.warn("%s is cast to an integer, so this text means 0 (off); write 1 or 0", name)
	}
}

func (d *Memcached) option(name, text string) error {
	switch name {
	case "libketama_compatible":
		if phptext.Int(text) != 0 {
			d.Distribution, d.Hash = ketama, "md5"
		} else {
			d.Distribution, d.Hash = modula, "default"
		}
	case "hash":
		text = strings.ToLower(text)
		if !slices.Contains(memcachedHashes, text) {
			return fmt.Errorf("unknown hash; it must be one of %s", strings.Join(memcachedHashes, ", "))
		}
		d.Hash = text
	case "distribution":
		dist := strings.ToLower(text)
		switch dist {
		case modula:
			if d.Distribution == ketama {
				d.warn("distribution=modula switches libketama_compatible off")
			}
		case consistent, virtualBucket:
		default:
			return errors.New("unknown distribution; it must be modula, consistent or virtual_bucket")
		}
		d.Distribution = dist
	case "serializer":
		text = strings.ToLower(text)
		if !slices.Contains(memcachedSerializers, text) {
			return errors.New("unknown serializer")
		}
		if text != "php" && text != "igbinary" {
			return errors.New(`"serializer" option must be "php" or "igbinary"`)
		}
	case "compression":
		d.Compression = phptext.Int(text) != 0
	case "compression_type":
		n := phptext.Int(text)
		if n == 0 {
			d.warn("compression_type takes a number (1 zlib, 2 FastLZ); this text changes nothing")
		}
		d.Zlib = n == 1 || d.Zlib && n != 2
	case "connect_timeout":
		d.ConnectTimeout = milliseconds(text)
	case "poll_timeout":
		d.PollTimeout = milliseconds(text)
	case "item_size_limit":
		d.ItemLimit = int(min(max(phptext.Int(text), 0), math.MaxInt32))
	case "prefix_key":
		d.PrefixKey = text
	case "verify_key":
		if binary, ok := d.options["binary_protocol"]; phptext.Int(text) != 0 && (!ok || phptext.Int(binary) != 0) {
			return errors.New("verify_key is not possible with the binary protocol")
		}
	case "libketama_hash":
		if phptext.Int(text) != 1 {
			d.unsupported = errtext.NotSupported("libketama_hash; leave it out")
		}
	case "number_of_replicas":
		if phptext.Int(text) != 0 {
			d.unsupported = errtext.NotSupported("number_of_replicas; leave it out")
		}
	}
	if slices.Contains(unsupportedOptions, name) && phptext.Int(text) != 0 {
		d.unsupported = errtext.NotSupported("%s; leave it out", name)
	}
	return nil
}
