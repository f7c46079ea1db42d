// Package rules holds the numbers and lists that the law gives the two
// services, by date, and the working days.
//
// An [Edition] is everything that was in force together: terms, ages, grounds,
// signatures. A [Table] is the editions one after another, without gap or
// overlap; [Table.On] gives the one in force on a day. A case is judged by the
// edition in force on the day of its decision, and the decision names it (Q10).
// A [Calendar] knows which days are worked, year by year. A [Book] is both
// together: what a decider is handed.
//
// Both are data. [Default] and [DefaultCalendar] are built in; a ministry's own
// files are read with [Load] and [LoadCalendar], which refuse what they do not
// understand with a sentence that names the place.
//
// The tags in the comments are those of the rules: [seed] was asked for exactly,
// [found] was read in a published source, policy is a default of this project
// where the acts are silent.
package rules
