// Package housing decides about the lists of those in need of service housing
// (public service S000): applications, decisions, and the order of each list.
//
// Three states, each folded from one stream:
//
//   - [Application] from case-<case>: one application, its term of 30 calendar
//     days and its one result, a certificate of placing or of refusal (Q1-Q4).
//   - [List] from queue-<list>: who stands on a list and in which order. It
//     keeps one active entry per person (Q5), a strict total order (Q6) and
//     numbers 1..n without gap or repeat (Q7, Q8).
//   - [Provision] from case-<case>: one decision to give a dwelling.
//
// Each thing that can happen to an entry after its placement has its own file:
// redating.go (Q17, Q34), transfer.go (Q16, Q33), protection.go (Q15a), priority.go (Q8, Q35),
// notice.go (Q15), inventory.go (Q18, Q23), consent.go (Q22), provision.go
// (Q19, Q20) and numbers.go (numbers over time, the public list Q21). The
// states of an entry are Active, UnderReview, Provided and Removed
// ([Entry.State]); a removed entry can be reinstated, a provided one cannot.
//
// A placement touches both streams. The order is: the case is approved, after
// which it can take no other decision; the list places the entry and computes
// the number, or refuses; the case records the certificate or, if the list
// refused, that the approval is void. Every step is idempotent by the id of the
// case, so an approved case without a certificate can be finished at any time.
package housing
