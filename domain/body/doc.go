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
// nobody else. A commission with recorded members decides by a meeting of those in office, whose
// minutes say how each voted ([Body.Deliberated]).
//
// A body is renamed from a day on; who asks for the past gets the name that was known then. A body
// that has ended names its successor. Which body is in the place of which, across several ends,
// the directory of package command says.
package body
