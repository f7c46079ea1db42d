// Package certificates keeps the documents that cases issue: the placement and
// the refusal certificate of service S000, the departure sheets of S001, and
// the talon, which is the receipt of every application (APPC 64).
//
// A document is not stored beside the log. Its facts are those of the event
// that issues it, so a [Documents], the documents of one case, is a fold of the
// case's stream; the file of a person holds the departure sheets that no case
// issued, and the certificates of entries that passed to them. A sheet is void when the ending that it certifies is corrected (R17).
// The package has two events of its own: a duplicate of a departure sheet,
// after which the earlier one is no longer valid (R17), and the correction of
// slips, which makes a new version of the document and does not change the
// decision (C10).
//
// Number, locator and check code are derived from the document's id and stored
// nowhere. They contain no personal data.
package certificates
