// Package documents writes a document for people to read: lines of text in
// Kazakh, Russian or English, and a PDF page. It is pure: the same [Document]
// always gives the same lines and the same bytes.
package documents

import (
	"cmp"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/httpapi/words"
)

// Document is the page of a document.
type Document certificates.Page

func (d Document) LogValue() slog.Value { return domain.Masked(d) }

// Line is a fact with its name, in the language of the document.
type Line struct {
	Label string `json:"label"`
	Value string `json:"value"`
	wide  bool   // a paragraph rather than a row
}

// Title of the document.
func (d Document) Title() string { return titles[d.Kind].in(d.Language) }

// StateBody that issues the document.
func (d Document) StateBody() string {
	if d.Service == domain.S000 {
		return cmp.Or(d.Keeper.In(d.Language), d.Body)
	}
	return ministry.in(d.Language)
}

// Heading is number and day of issue, as they stand under the title.
func (d Document) Heading() string {
	return labelNumber.in(d.Language) + " " + d.Number + ", " + day(d.IssuedOn, d.Language)
}

// Marks are what sets this copy apart: that it is of a trial, is void or no longer valid, a
// duplicate, a corrected version.
func (d Document) Marks() []string {
	var marks []string
	if d.Trial {
		marks = append(marks, markTrial.in(d.Language))
	}
	if !d.VoidSince.IsZero() {
		marks = append(marks, NoLonger(d.VoidBy, d.VoidSince, d.Language))
	}
	if d.Superseded {
		marks = append(marks, markSuperseded.in(d.Language))
	}
	if d.Replaces != "" {
		marks = append(marks, markDuplicate.in(d.Language)+": "+fmt.Sprintf(markInsteadOf.in(d.Language), d.Replaces))
	}
	if d.Version > 1 {
		marks = append(marks, fmt.Sprintf(markCorrected.in(d.Language), d.Version, day(d.CorrectedOn, d.Language)))
	}
	return marks
}

// NoLonger says since when a document that was issued is not in force, and why.
func NoLonger(by certificates.Overtaking, since domain.Date, l domain.Language) string {
	return fmt.Sprintf(noLonger.in(l), day(since, l), words.Of(by, l))
}

// ProofLine says where the log has the event that issued the document, and where its
// proof is; "" where nobody proves the log.
func (d Document) ProofLine() string {
	switch p := d.Proven; {
	case p == nil:
		return ""
	case p.Size == 0:
		return proofFollows.in(d.Language)
	default:
		return fmt.Sprintf(proofOf.in(d.Language), p.Log, p.Number, p.Size, p.Root, instant(p.SignedAt, d.Language))
	}
}

// Lines are the facts of the document.
func (d Document) Lines() []Line {
	l := d.Language
	person := labelPerson
	switch d.Kind {
	case certificates.DepartureSheet:
		person = labelLeft
	case certificates.NotRemoved:
		person = labelStays
	}
	lines := []Line{
		{Label: person.in(l), Value: string(d.Name)},
		{Label: labelBirth.in(l), Value: day(d.BirthDate, l)},
		{Label: labelIIN.in(l), Value: d.shownIIN()},
	}
	add := func(label text, value string) { lines = append(lines, Line{Label: label.in(l), Value: value}) }
	paragraph := func(label text, value string) {
		lines = append(lines, Line{Label: label.in(l), Value: value, wide: true})
	}
	switch d.Kind {
	case certificates.Placement:
		add(labelList, d.ListTitle)
		add(labelSettlement, d.Settlement)
		add(labelPlacedOn, day(d.RegisteredOn, l))
		add(labelOrdinal, strconv.Itoa(d.Ordinal))
	case certificates.Refusal:
		add(labelList, d.ListTitle)
		add(labelSettlement, d.Settlement)
		paragraph(labelGround, grounds[d.Ground].in(l))
		paragraph(labelReasons, string(d.Reasons))
		paragraph(labelAppeal, appeal.in(l))
	case certificates.NotRemoved:
		add(labelService, services[d.Service].in(l))
		add(labelDwelling, d.Address)
		paragraph(labelReasons, notRemoved[d.Refused].in(l))
		paragraph(labelAppeal, appeal.in(l))
	case certificates.DepartureSheet:
		add(labelAddress, d.Address)
		add(labelKind, kinds[d.Stay].in(l))
		add(labelEndedOn, day(d.EndedOn, l))
		add(labelEndedFor, words.Of(d.EndedFor, l))
	case certificates.Talon:
		add(labelService, services[d.Service].in(l))
		add(labelReceived, instant(d.ReceivedAt, l))
		if !d.RegisteredAt.Equal(d.ReceivedAt) {
			add(labelRegistered, instant(d.RegisteredAt, l))
		}
		add(labelChannel, words.Of(d.Channel, l))
		add(labelAcceptor, d.acceptor())
		add(labelDue, instant(d.Deadline, l))
		add(labelFee, free.in(l))
		if len(d.Papers) > 0 {
			paragraph(labelHandedIn, d.handedIn())
		}
	}
	if d.Kind == certificates.Placement || d.Kind == certificates.Refusal {
		add(labelDecided, d.decided())
	}
	if d.Signer != (certificates.Signer{}) {
		add(labelSigned, d.signer())
	}
	return lines
}

// decided says how the body decided.
func (d Document) decided() string {
	m := d.Minutes
	switch {
	case m == nil:
		return decidedAlone.in(d.Language)
	case len(m.Present) == 0:
		return decidedAlone.in(d.Language) + "; " + fmt.Sprintf(minutesOf.in(d.Language), m.Number, day(m.Day, d.Language))
	}
	return fmt.Sprintf(decidedByMeeting.in(d.Language), m.Number, day(m.Day, d.Language), len(m.Present),
		m.Count(domain.VotedFor), m.Count(domain.VotedAgainst), m.Count(domain.Abstained))
}

// signer is the name of the official, or where no record has it the account, with office and body.
func (d Document) signer() string {
	who := []string{cmp.Or(string(d.Signer.Name), d.Signer.Account)}
	if d.Signer.Office != "" {
		who = append(who, words.Of(d.Signer.Office, d.Language))
	}
	return strings.Join(append(who, d.Signer.Body.In(d.Language)), ", ")
}

// shownOfHash is how many digits of the hash of a file a page has: enough to tell the file from
// another one that somebody has in hand.
const shownOfHash = 16

// handedIn lists the scans that were handed in, each with the beginning of its hash.
func (d Document) handedIn() string {
	list := make([]string, len(d.Papers))
	for i, p := range d.Papers {
		hash := string(p.SHA256)
		if len(hash) > shownOfHash {
			hash = hash[:shownOfHash]
		}
		list[i] = fmt.Sprintf("%d) %s (SHA-256: %s)", i+1, words.Of(p.Document, d.Language), hash)
	}
	return strings.Join(list, "; ")
}

// shownIIN is the IIN but for what would be enough to misuse it: a document
// passes through many hands.
func (d Document) shownIIN() string {
	if len(d.IIN) < 4 {
		return labelNoIIN.in(d.Language)
	}
	return "********" + string(d.IIN)[len(d.IIN)-4:]
}

func (d Document) acceptor() string {
	position := positions[d.AcceptedAs].in(d.Language)
	if d.Acceptor == "" {
		return position
	}
	return d.Acceptor + ", " + position
}
