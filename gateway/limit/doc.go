// Package limit keeps one caller from using up what all of them share (S123).
//
// [Limiter] counts across replicas, in fixed windows, with one command to the store; it guards what is dear or what an
// attacker would repeat: starts of logins, minting, signing. [Local] counts in this process alone and costs no round
// trip; it guards the warm token calls (D31).
//
// A company behind one address is normal, so limits count per browser and per session first and leave addresses a lot
// of room (D31). A key is never something that another person's request can name, such as a username: whoever can
// choose the key could lock its owner out (S125).
package limit
