// Package domain holds what both services share: ids ([PersonID], [IIN]), days
// ([Date], [Zone]), events ([Event], [Concern], [Meta], [Recorded]) and
// refusals ([Error]).
//
// The rules themselves live one folder deeper, one package for each service:
// residence (registration and S001, deregistration at the place of residence)
// and housing (S000, the service-housing list).
//
// Everything below domain is pure: no I/O, no clock, no randomness. A decider
// is a method of a state that takes a command and returns the events that
// should be appended, or an [*Error]; a state is the fold of its events, in
// order, with Apply. Rule ids in comments (R11, Q6, S001-7.2 …) refer to the
// rules of the two services; RULES.md names their sources.
package domain
