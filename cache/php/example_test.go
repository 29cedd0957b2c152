package php_test

import (
	"fmt"
	"time"

	"github.com/mosparo/go-cluster/cache/php"
)

// A value that PHP's unserialize() reads, and back.
func Example() {
	type settings struct {
		Limit int      `php:"limit"`
		Words []string `php:"words"`
	}
	stored, err := php.Marshal(settings{Limit: 5, Words: []string{"spam"}})
	fmt.Printf("%s %v\n", stored, err)
	var s settings
	err = php.Unmarshal(stored, &s)
	fmt.Println(s.Limit, s.Words, err)
	// Output:
	// a:2:{s:5:"limit";i:5;s:5:"words";a:1:{i:0;s:4:"spam";}} <nil>
	// 5 [spam] <nil>
}

func ExampleUnmarshal() {
	// The items of a rule, as a PHP node caches them.
	stored := []byte(`a:2:{s:2:"ri";a:2:{i:0;i:4;i:1;i:7;}s:5:"rpric";a:0:{}}`)
	var rules struct {
		Items    []int `php:"ri"`
		Packages []int `php:"rpric"`
	}
	err := php.Unmarshal(stored, &rules)
	fmt.Println(rules.Items, rules.Packages, err)
	// Output: [4 7] [] <nil>
}

func ExampleMarshal() {
	b, err := php.Marshal(time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC))
	fmt.Printf("%s %v\n", b, err)
	// Output: O:8:"DateTime":3:{s:4:"date";s:26:"2026-03-29 01:30:00.000000";s:13:"timezone_type";i:3;s:8:"timezone";s:3:"UTC";} <nil>
}

func ExampleDecode() {
	v, err := php.Decode([]byte(`a:1:{s:4:"when";O:8:"DateTime":3:{s:4:"date";s:26:"2026-07-01 12:00:00.000000";s:13:"timezone_type";i:3;s:8:"timezone";s:13:"Europe/Zurich";}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	when, _ := v.(*php.Array).Get(php.StringKey("when"))
	fmt.Println(when.(*php.DateTime).Time, when.(*php.DateTime).Zone)
	// Output: 2026-07-01 12:00:00 +0200 CEST Europe/Zurich
}

// The file that mosparo's installer writes, read without running it.
func ExampleParseLiteral() {
	file := []byte(`<?php
		// written by the installer
		return array('database_host' => 'db.example', 'database_port' => 3306);`)
	v, err := php.ParseLiteral(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	host, _ := v.(*php.Array).Get(php.StringKey("database_host"))
	fmt.Println(host)
	// Output: db.example
}

func ExampleMarshalLiteral() {
	b, err := php.MarshalLiteral(map[string]string{"/resources/a.css": "/resources/b.css"})
	fmt.Printf("%s%v\n", b, err)
	// Output:
	// <?php
	//
	// return array (
	//   '/resources/a.css' => '/resources/b.css',
	// );
	// <nil>
}
