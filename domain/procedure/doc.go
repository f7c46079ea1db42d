// Package procedure is the administrative procedure that the cases of both
// services go through (APPC, and section 19 of the law on state services): how
// an application is received, corrected, reviewed, heard, decided, notified and
// complained of. What a decision says belongs to the services (residence, housing).
//
// [Table] is the state table; it follows the law. [Case] is the fold of the
// events of the procedure in a case- stream. An event of a service that changes
// the state of a case implements [Moves].
//
// Numbers of days are not constants: [Terms] has them, from the edition of the
// rules in force.
package procedure
