// Package httpapi is the HTTP API of the registry, on Gin: commands in, reads out,
// and who may do which.
//
// One file belongs to one resource and is named after it. It holds the bodies of the
// resource and its operations, one function for each. An operation is one value that
// declares its address, who may call it, whose data its answer shows, an example and
// its problems, together with the function that carries it out. The machinery that
// serves it is in the package operation; it checks the token, the role and the
// form of the request before the function is called.
//
// Commands go to eventstore/command. Reads answer from the read model, and those
// about the past from the log itself. Every answer of the read model says in
// Tizilim-Position how far in the log it knows; a request that sends the header back
// waits until the model is there. What the model does not have is looked for again
// after the model has caught up with the log: only then is the answer "not found",
// and it is 503 where the model does not catch up in time.
package httpapi
