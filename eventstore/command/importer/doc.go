// Package importer takes over persons, dwellings with owners, registrations, deaths and lists from the
// files of another register.
//
// [Read] reads the lines of a file, [Importer.Check] checks all of them and says what would happen and
// which lines are bad, [Plan.Run] carries out what is good. Everything is decided by the domain, and
// appended by the commands of [command.Handler].
//
// A line has a type and a key, by which other lines name it; [Columns] lists what else each type has.
// Ids follow from the name of the source and the key (that of a person from the IIN, where there is one).
// So an import that was killed goes on when it is started again with the same files, and a second one
// adds nothing. Lines that were mended are imported with the files that they refer to.
//
// All lines are held in memory: about 5 kB for each.
package importer
