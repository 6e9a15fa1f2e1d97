package app

// NewTransport is what carries the outgoing calls of a gateway that is lent none.
var NewTransport = newTransport
