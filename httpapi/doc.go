// Package httpapi is the HTTP API of the registry, on Gin: commands, reads, and
// the roles that may call them.
//
// One file belongs to one resource and is named after it. It holds the bodies of the
// resource and its operations, one function for each. An operation is one value that
// declares its address, who may call it, on which record, whose data its answer shows,
// an example and its problems, together with the function that carries it out. The machinery that
// serves it is in the package operation; it checks the token, the role, the relation
// of the caller to the record (rights.go) and the form of the request, in this order,
// before the function is called.
//
// What is beside operations has packages of its own: table makes CSV and XLSX of answers, words has
// the values of enumerations in three languages, web the pages that a browser shows, and clients are
// programs that tools generate from the OpenAPI document.
//
// Commands go to eventstore/command. Reads answer from the read model; reads
// about the past answer from the log. Every answer of the read model says in
// Tizilim-Position up to which position of the log it holds. If a request sends
// the header back, it waits until the model has that position. If the model
// does not have a record, the read waits until the model has caught up with the
// log and looks again. Only then is the answer "not found"; it is 503 if the
// model does not catch up in time.
package httpapi
