// Package httpapi is the HTTP API of the registry, on Gin: commands in, reads
// out, and who may do which.
//
// A request's way: Gin routes it; [access] asks the token who it is and the
// table in access.go whether that role may; huma checks the form of parameters
// and body against the same Go types from which /openapi.json is made; the
// operation calls the domain through eventstore/command, or reads a projection.
// Whatever is refused, on any of these steps, becomes one [Problem].
//
// # Commands
//
// Every command needs an Idempotency-Key. The key and the account name the
// command: sent again, it gets the first answer again; with another request
// under the same key it is refused (idempotency_key_reused). A command that was
// refused has changed nothing and its key is free again. ?dry_run=true answers
// with the events that would be appended.
//
// # Reads
//
// Reads come from the projections, but for histories and questions about the
// past, which come from the log itself. Every answer says in Tizilim-Position
// how far in the log it knows; a request that sends the header back waits until
// the projection is there. What a projection does not know is looked for again once
// it has all that the log held when the request came: only then is the answer "not
// found", and 503 where that cannot be had in time.
package httpapi
