package typedjson_test

import (
	"fmt"

	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cache/php/typedjson"
)

func Example() {
	v, err := php.Decode([]byte(`a:2:{i:0;d:0.5;s:1:"k";b:1;}`))
	if err != nil {
		panic(err)
	}
	doc, err := typedjson.Marshal(v)
	fmt.Printf("%s %v\n", doc, err)
	v, err = typedjson.Unmarshal(doc)
	if err != nil {
		panic(err)
	}
	stored, err := php.Marshal(v)
	fmt.Printf("%s %v\n", stored, err)
	// Output:
	// {"t":"array","list":false,"entries":[[{"t":"int","v":"0"},{"t":"float","v":"0.5","bits":"3fe0000000000000"}],[{"t":"string","v":"k"},{"t":"bool","v":true}]]} <nil>
	// a:2:{i:0;d:0.5;s:1:"k";b:1;} <nil>
}
