// Package chat is the contract between the gateway and one chat.
//
// A connector is what chatgate knows of one chat product: how it takes a login. It lives in a folder of its own below
// this one, is opened from its section of the configuration, and mounts its routes under /<name>, where the name is the
// section's. The gateway knows connectors only through [Connector] and a few abilities that one may have or not, from
// [SessionEnder] to [Archivist]; a connector knows the gateway only through what [Env] lends it.
//
// # Who may ask
//
// Three rights stand in three lists (D29): where a sign-in may return to, who may frame our page, and who may read a
// token by script. [TokenGuard] holds the last one in the order that keeps foreign pages from causing anything at all:
// the origin is judged before the session is looked at and long before a token is made.
//
// # Who may enter
//
// Access is per chat and closed by default (D7). [Env.Enter] evaluates the [AccessRules] at every call, so a rule that
// changes reaches the sessions that live.
//
// # How every chat refuses alike
//
// [Callers] finds who calls within the limits of one replica, [Env.Allow] counts against those that hold across replicas,
// and [Told] words what went wrong. A connector adds only what its own chat has against somebody.
//
// # How every frame gets its sign-in
//
// [HandOffRoutes] serve what a connector's frame asks while its person signs in in another window; the connector says what
// that frame is handed.
//
// [FramePage] is the page in that frame, as far as it is the same for every chat.
//
// # How settings of a chat are changed and put back
//
// A set-up shows [Change] by Change what it would do, makes sure by [Agreed] that nothing else comes of it, and keeps in
// [Originals] what stood there before.
//
// # Adding a chat
//
// One folder with a [Config] that opens a [Connector], and one line in the list of chats. A Config whose chat is shown
// in other pages has [EmbedOrigins]; one with rules that its tags cannot express has a method
// Check(report func(key, problem string)), as [AccessRules] has; one whose chat verifies our signatures is a [Signer].
// The toy connector in the tests of the application package is the shortest example.
package chat
