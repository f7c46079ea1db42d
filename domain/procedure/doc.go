// Package procedure is the administrative procedure that the cases of both
// services go through (APPC, and section 19 of the law on state services): how
// an application is received, corrected, reviewed, heard, decided, notified and
// complained of. What a decision says is the services' own (residence, housing).
//
// [Table] is the state table; it reads like the law's. [Case] is the fold of a
// case- stream as far as the procedure goes: events of a service take part
// through [Moves].
//
// Numbers of days are no constants: they come with [Terms], from the edition of
// the rules in force.
package procedure
