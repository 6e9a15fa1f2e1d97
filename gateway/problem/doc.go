// Package problem holds the errors that a client may see, and the one place that renders them.
//
// A handler returns an error. An *Error speaks: its status, code and sentence reach the caller. Every other error is a
// bare 500. In both cases the cause goes to the log alone, once, and never into an answer (S139).
//
//	r.POST("/rocketchat/token", problems.JSON(connector.token))
//	r.GET("/login", problems.Page(login.begin))
//	r.GET("/rocketchat/frame", problems.Frame(embedders, connector.frame))
//
// The code is stable API for scripts and operators, and so is the code of a reason, which some problems carry in the
// member "reason"; the sentences may change with any release, and follow the language of the reader: of the browser, or of
// the lang parameter. constructors.go is the list of codes and sentences.
package problem
