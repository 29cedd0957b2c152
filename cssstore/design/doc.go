// Package design turns the design settings of a mosparo project into their hash
// and into the project's CSS, byte for byte as mosparo 1.5 does. It promises
// nothing about the result as CSS: settings are inserted as they are, and a user
// who may edit a design can write any CSS, in mosparo as here.
//
// The rules are mosparo's DesignHelper; its tables (settings with defaults and
// types, variables with the texts that stand for them in the base CSS, box
// sizes) are data of mosparo 1.5.4, in tables.json.gz.
package design
