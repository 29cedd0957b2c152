package design_test

import (
	"fmt"

	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/design"
)

func Example() {
	project, err := cssstore.ParseUUID("51b9091d-8e8b-482b-a8f1-d930e8da931e")
	if err != nil {
		fmt.Println(err)
		return
	}
	rows := []design.Row{{Name: "designMode", Value: "advanced"}, {Name: "colorBorder", Value: "red"}}
	base := []byte(".mosparo__container { border: var(--mosparo-border-width, 3px) solid var(--mosparo-border-color, rgb(0, 0, 0)) }")
	r, err := design.Prepare(project, rows, base)
	fmt.Println(r.Hash, err)
	fmt.Printf("%s\n", r.CSS)
	// Output:
	// b1ccfd99fdc9dd55ce0265418a2f942083ce1c2d96af23fac3b333a605c6b01f <nil>
	// .mosparo__51b9091d-8e8b-482b-a8f1-d930e8da931e { border: 3px solid red }
}

// The hash tells whether a store has the CSS of the current design, without making it.
func ExampleNew() {
	rows := []design.Row{{Name: "designMode", Value: "advanced"}, {Name: "colorBorder", Value: "red"}} // usually from a projectdb.DB
	d, err := design.New(rows)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Hash())
	// Output: b1ccfd99fdc9dd55ce0265418a2f942083ce1c2d96af23fac3b333a605c6b01f
}
