// Package body decides who may act for which state body. A body is a housing
// commission, a desk of the State Corporation, a department of the service provider, an
// audit office, or the office that administers the registry. Its stream says what it is
// called, where it acts, which body decides the complaints about it, who its officials
// are, and which accounts act for it.
//
// An account belongs to one body and names the official who uses it. Its role follows
// from the kind of the body. A closed account stays closed: its name is never given out
// again, because old events name it.
//
// A head, a deputy and a member of a body are who is recorded here, for their term, and
// nobody else.
package body
