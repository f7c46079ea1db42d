// Package residence decides who is registered where: persons, dwellings and
// their owners, permanent and temporary registration, and deregistration at
// the place of residence (public service S001).
//
// Five states, each folded from one stream:
//
//   - [Person] from residence-<person>: who the person is to the registry and
//     every registration. It keeps R11 (one active permanent registration),
//     R12 (a move ends the old registration in the same append), R13
//     (temporary: one month to one year) and R14 (endings are facts, never
//     deletions). A correction ([Correct]) names the fact that was recorded
//     wrongly, and can itself be corrected. The timeline follows from the facts
//     in force. A merge ([MergeRecords]) says that two records are of one human.
//   - [Dwelling] from dwelling-<dwelling>: address, codes and description by day,
//     the owners, who may apply for a deregistration, the lease, and what became
//     of a dwelling that is no more ([Gone]).
//   - [CodeClaim] from address-<code>: which dwelling may take a code.
//   - [Deregistration] from case-<case>: the life of one S001 application.
//   - [Renaming] from case-<case>: another name of a street, in one act for all
//     dwellings on it.
//
// An application names several persons and touches several streams. The steps,
// in this order: the case receives the application; each person's stream ends
// the registration or refuses; the case records a result for each person. After
// the application is received, only the step of a person can refuse, and only
// for that person.
package residence
