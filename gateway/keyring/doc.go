// Package keyring holds the keys that chatgate signs tokens with, and publishes their public halves as JWK sets.
//
// # One set of keys per chat
//
// Every chat that verifies our signatures has a [Set] of its own, and no token of one verifies against the keys of
// another: Coral does not look at the audience, so its keys are what keeps other chats' tokens out (D16, G5).
// [Keyring.JWKS] is the union of all sets, for consumers that know one address only.
//
// # Where keys come from
//
// A set lives as one sealed document among the durable records of the store. Replicas agree on it by adding: whoever
// finds no document makes a key and adds it, the first to add wins, everyone else reads the winner's. Until the
// document was read a set neither signs nor publishes, because a key of one replica's own would make tokens that
// the others' JWKS does not know ([ErrNotLoaded], D26). Afterwards it keeps what it has while the store is away.
//
// An operator may bring PEM files instead. They are read once, at start; the first signs and all are published.
//
// # Rotation
//
// A key signs for [SetConfig.RotateEvery]; then another takes over, by itself. Whichever replica first finds that due
// adds a key, by compare-and-swap, so that of any number exactly one is added. [Keyring.Rotate] does the same at an
// operator's command, and the schedule counts from that key on.
//
// A key that was added is published at once and signs only when every cache has let go of the old JWKS (G3, S97).
// Nothing else has to happen at that moment: each key says when it starts to sign, so all replicas change over by the
// clock. The former key stays published until its last token has ended and every cache has asked again, and is then
// dropped. Both spans leave room for replicas whose clocks are two minutes fast or slow. Whoever is further off from the
// store's own clock leaves the stored keys alone ([ErrClocks]); and everybody publishes all keys that are stored, so that
// a wrong clock harms at most what its own replica signs.
//
//	added             new key signs                       old key dropped
//	  |---- 15 min ------|------------- 75 min ---------------|
//	  |  new published   |  old published, signs nothing      |
//
// [Keyring.Remove] is for a key that leaked.
//
// Keys from files change only when the operator changes the files; [Generate] makes one.
//
// What happens to keys is told to [Config.OnChange], for the audit log; [Set.Overview] and [Keyring.Inspect] tell how a
// set is, for metrics and commands.
//
// # Shared secrets
//
// Coral's SSO tokens are signed with a secret that Coral made (HS256). [SignShared] and [VerifyShared] do that here as
// well, so that JSON Web Tokens have one door into this house; such secrets never come near a JWK set.
package keyring
