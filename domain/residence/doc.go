// Package residence decides who is registered where: persons, dwellings and
// their owners, permanent and temporary registration, and deregistration at
// the place of residence (public service S001).
//
// Three states, each folded from one stream:
//
//   - [Person] from residence-<person>: who the person is to the registry and
//     every registration. It keeps R11 (one active permanent registration),
//     R12 (a move ends the old registration in the same append), R13
//     (temporary: one month to one year) and R14 (endings are facts, never
//     deletions). A correction ([Correct]) names the fact that was recorded
//     wrongly, and can itself be corrected. The timeline follows from the facts
//     in force.
//   - [Dwelling] from dwelling-<dwelling>: the address and the owners, who may
//     apply for a deregistration.
//   - [Deregistration] from case-<case>: the life of one S001 application.
//
// An application names several persons and touches several streams. The steps,
// in this order: the case receives the application; each person's stream ends
// the registration or refuses; the case records a result for each person. After
// the application is received, only the step of a person can refuse, and only
// for that person.
package residence
