// Package chattest is what every connector is tested with: [NewEnv] lends it a gateway's worth of rooms on a store in
// memory, with a clock that tests move, and [Run] holds it to what all connectors promise alike.
package chattest
