// Package residence decides who is registered where: persons, dwellings and
// their owners, permanent and temporary registration, and deregistration at
// the place of residence (public service S001).
//
// Three states, each folded from one stream:
//
//   - [Person] from residence-<person>: who the person is to the registry and
//     every registration. It keeps R11 (one active permanent registration), R12
//     (a move ends the old registration in the same append), R13 (temporary:
//     one month to one year) and R14 (endings are facts, never deletions).
//     What was recorded wrongly is put right by corrections that name the fact
//     ([Correct]), at any depth; the timeline is what the facts in force say.
//   - [Dwelling] from dwelling-<dwelling>: the address and who owns it, which
//     is who may ask to deregister.
//   - [Deregistration] from case-<case>: the life of one S001 application.
//
// An application names several persons and touches several streams. The order
// is: the case receives the application; each person's stream ends the
// registration or says why not; the case records a result for each. Only the
// middle step can refuse, and only for its own person.
package residence
