// Package certificates keeps the documents that cases issue: the placement and
// the refusal certificate of service S000, the departure sheets of S001, and the
// talon by which the acceptance of any application is receipted (APPC 64).
//
// A document is nothing beside the log. Its facts are those of the event that
// issues it, so a [File], the documents of one case, is a fold of the case's
// stream; that of a person holds the departure sheets which no case issued. A
// sheet whose ending is corrected is void by that correction (R17). Two acts are its own: a duplicate of a departure sheet, after which
// the earlier one is no longer valid (R17), and the correction of slips, which
// makes a new version of the document and leaves the decision alone (C10).
//
// Number, locator and check code are derived from the document's id and stored
// nowhere. Nothing personal goes into them.
package certificates
