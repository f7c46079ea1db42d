// Package rules holds the numbers and lists that the law gives the two
// services, by date, and the working days.
//
// An [Edition] is all rules that were in force together: terms, ages, grounds,
// signatures. A [Table] is the editions one after another, without gap or
// overlap; [Table.On] gives the one in force on a day. A case is judged by the
// edition in force on the day of its decision, and the decision names it (Q10).
// A [Calendar] knows the working days, year by year. A [Book] is a table and a
// calendar together, and is handed to every decider.
//
// Table and calendar are data. [Default] and [DefaultCalendar] are built in.
// [Load] and [LoadCalendar] read files of the operator. They refuse what they do
// not understand, with a sentence that names the place in the file.
//
// The comments say where a value comes from. "Text of the service" is the
// official text of S000 or S001, and the value is exactly that. "Published
// source" is a law or an article that was read in some edition; a later edition
// may differ. "Policy" is a default of this project where the acts are silent.
// Ids such as Q4 and R18 name the rules.
package rules
