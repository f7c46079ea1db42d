// Package domain holds the words that both services share: who a person is
// called ([PersonID], [IIN]), when something is true ([Date], [Zone]), what an
// event carries ([Event], [Meta], [Recorded]) and how a rule says no ([Error]).
//
// The rules themselves live one folder deeper, one package a service:
// residence (registration and S001, deregistration at the place of residence)
// and housing (S000, the service-housing list).
//
// Everything below domain is pure: no I/O, no clock, no randomness. A decider
// is a method of a state that takes a command and returns the events that
// should be appended, or an [*Error]; a state is what its events, folded in
// order with Apply, say it is. Rule ids in comments (R11, Q6, S001-7.2 …)
// refer to the rules of the two services; RULES.md names their sources.
package domain
