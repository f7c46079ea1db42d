package command

import (
	"context"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// Certificates returns the documents that a stream, of a case or of a person, has
// issued until now. Of the document with the id it tells whether it is in force, whatever
// stream says so; of the others only as far as their own stream does.
func (h *Handler) Certificates(
	ctx context.Context,
	stream string,
	of domain.CertificateID,
) (certificates.Documents, error) {
	file, compare, err := h.fileOf(ctx, stream, of)
	compare(&file)
	return file, err
}

// fileOf returns the documents of the stream, and what compares a state of them with all that
// other streams say of the document with the id: of a departure sheet its person, of a
// certificate of an entry its list.
func (h *Handler) fileOf(
	ctx context.Context, stream string, of domain.CertificateID,
) (file certificates.Documents, compare func(*certificates.Documents), err error) {
	compare = func(*certificates.Documents) {}
	if file, err = load[certificates.Documents](ctx, h, stream); err != nil {
		return file, compare, err
	}
	d, ok := file.Find(of)
	if !ok {
		return file, compare, nil
	}
	if at := certificates.EntryOf(d); at != (domain.ListEntry{}) {
		list, err := h.List(ctx, at.ListID)
		if err != nil {
			return file, compare, err
		}
		if e, placed := list.Entry(at.EntryID); placed {
			compare = func(ds *certificates.Documents) { ds.Stand(at, e) }
		}
		return file, compare, nil
	}
	person, err := h.Person(ctx, file.Named(d))
	return file, func(ds *certificates.Documents) { ds.Hold(&person) }, err
}

// opening returns the event that opened the list; the zero value where it was not
// opened.
func (h *Handler) opening(ctx context.Context, id domain.ListID) (housing.ListOpened, error) {
	q, err := h.List(ctx, id)
	if err != nil {
		return housing.ListOpened{}, err
	}
	return q.Opened, nil
}

// IssuedPage is a version of a document as it stands.
type IssuedPage struct {
	Document certificates.Document // in that version
	Versions int                   // how many there are
	Status   certificates.Status   // of that version
	Page     certificates.Page     // without its CheckURL
}

// Page returns the version of the document with the id, the newest with 0. The
// file is that of [Handler.Certificates].
// Errors: [domain.CodeCertificateUnknown], [domain.CodeVersionUnknown].
func (h *Handler) Page(
	ctx context.Context, file certificates.Documents, id domain.CertificateID, version int,
) (IssuedPage, error) {
	newest, ok := file.Find(id)
	if !ok {
		return IssuedPage{}, certificates.Unknown()
	}
	d := newest
	if version != 0 {
		if d, ok = newest.At(version); !ok {
			return IssuedPage{}, domain.Refuse(domain.NotFound, domain.CodeVersionUnknown,
				"this document has %d versions; name one of them, or leave version out", newest.Version())
		}
	}
	facts := certificates.PageFacts{Check: h.checkKey.Code(d.ID, d.Version())}
	person, err := h.Person(ctx, file.Named(d))
	if err != nil {
		return IssuedPage{}, err
	}
	facts.Person = &person
	if list := file.List(d); !list.IsZero() {
		if facts.List, err = h.opening(ctx, list); err != nil {
			return IssuedPage{}, err
		}
		if facts.Keeper, err = h.namesOf(ctx, facts.List, d.IssuedAt); err != nil {
			return IssuedPage{}, err
		}
	}
	if facts.Signer, err = h.signerOf(ctx, d); err != nil {
		return IssuedPage{}, err
	}
	if id := certificates.DwellingOf(d); !id.IsZero() {
		if facts.Dwelling, err = h.dwellingBefore(ctx, id, d.IssuedBy); err != nil {
			return IssuedPage{}, err
		}
	}
	status := certificates.StatusOf(!d.ReplacedBy.IsZero() || d.Version() < newest.Version(), d.VoidSince)
	page := file.Page(d, facts)
	page.Superseded = status == certificates.Superseded
	if d.Kind == certificates.Talon {
		if page.Papers, err = h.handedIn(ctx, file.Case()); err != nil {
			return IssuedPage{}, err
		}
	}
	return IssuedPage{Document: d, Versions: newest.Version(), Status: status, Page: page}, nil
}

// namesOf returns what the body of a list was called at the instant, in each language. The list
// names its body in one: it is the commission that keeps the list, or the body above it, where
// one of these was called so when the list was opened. Of any other body nothing is recorded.
func (h *Handler) namesOf(ctx context.Context, list housing.ListOpened, at time.Time) (body.Names, error) {
	if h.bodies == nil {
		return body.Names{}, nil
	}
	for id := list.Keeper(); !id.IsZero(); {
		b, err := h.bodies.Body(ctx, id)
		if err != nil || b == nil {
			return body.Names{}, err
		}
		if slices.Contains(b.NamesAt(list.OpenedAt).All(), list.Body) {
			if b, err = h.bodies.At(ctx, id, at); err != nil || b == nil {
				return body.Names{}, err
			}
			return b.NamesAt(at), nil
		}
		if id != list.Keeper() {
			break
		}
		id = b.Parent
	}
	return body.Names{}, nil
}

// signerOf returns who signed a document, by the record of their body at that instant (C25). What
// the registry issued by itself, nobody signed.
func (h *Handler) signerOf(ctx context.Context, d certificates.Document) (certificates.Signer, error) {
	act := d.Act
	if h.bodies == nil || body.KindOf(act.Role) == "" {
		return certificates.Signer{}, nil
	}
	id, recorded, err := h.bodies.BodyOf(ctx, act.Actor)
	if err != nil {
		return certificates.Signer{}, err
	}
	if !recorded {
		id = body.Default(act.Role)
	}
	b, err := h.bodies.Body(ctx, id)
	if err != nil || b == nil {
		return certificates.Signer{}, err
	}
	signer := certificates.Signer{Account: act.Actor, Body: b.NamesAt(d.IssuedAt)}
	account, _ := b.Account(act.Actor)
	if account.PersonID.IsZero() {
		return signer, nil
	}
	signer.Office = b.HighestOffice(account.PersonID, domain.DateOf(d.IssuedAt))
	who, err := h.WhoIs(ctx, account.PersonID)
	if err != nil {
		return certificates.Signer{}, err
	}
	signer.Name, err = h.nameBefore(ctx, who, d.IssuedBy)
	return signer, err
}

// nameBefore returns the name of a person as the log held it when it took the event; "" where
// nobody was recorded.
func (h *Handler) nameBefore(ctx context.Context, id domain.PersonID, ref domain.EventRef) (domain.Personal, error) {
	var p residence.Person
	err := h.before(ctx, id.Stream(), ref, p.Apply)
	return p.Name, err
}

// dwellingBefore returns the dwelling as the log held it when it took the event: a document says
// for ever what was known when it was issued.
func (h *Handler) dwellingBefore(
	ctx context.Context, id domain.DwellingID, ref domain.EventRef,
) (*residence.Dwelling, error) {
	var d residence.Dwelling
	err := h.before(ctx, id.Stream(), ref, d.Apply)
	return &d, err
}

// before folds what the stream held when the log took the event.
func (h *Handler) before(ctx context.Context, stream string, ref domain.EventRef, fold func(domain.Recorded)) error {
	issued, err := h.log.ReadPage(ctx, ref.Stream, ref.Revision, 1)
	if err != nil {
		return err
	}
	for rec, err := range h.log.Read(ctx, stream, 0) {
		if err != nil {
			return err
		}
		if len(issued) > 0 && rec.Position > issued[0].Position {
			break
		}
		fold(rec)
	}
	return nil
}

// ProvenVersion returns the version of the document that the check code proves, of
// the versions 1 to newest; false where it proves none. How long it takes does not
// tell how much of a code is right.
func (h *Handler) ProvenVersion(
	code certificates.CheckCode, id domain.CertificateID, newest int,
) (version int, ok bool) {
	for version := newest; version > 0; version-- {
		if h.checkKey.Proves(code, id, version) {
			return version, true
		}
	}
	return 0, false
}

// DuplicateCertificate issues a departure sheet of the stream again, in one append.
// The earlier sheet is no longer valid then.
func (h *Handler) DuplicateCertificate(
	ctx context.Context, cmd domain.Command, stream string, id domain.CertificateID, opt Options,
) (Receipt, error) {
	return h.onDocument(ctx, cmd, stream, id, opt, func(f *certificates.Documents) ([]domain.Event, error) {
		return f.Duplicate(cmd, id)
	})
}

// CorrectCertificate corrects slips of a document of the stream, in one append that
// makes a new version of it.
func (h *Handler) CorrectCertificate(
	ctx context.Context, cmd domain.Command, stream string, c certificates.Correct, opt Options,
) (Receipt, error) {
	return h.onDocument(
		ctx,
		cmd,
		stream,
		c.CertificateID,
		opt,
		func(f *certificates.Documents) ([]domain.Event, error) {
			return f.Correct(cmd, c)
		},
	)
}

// onDocument carries out an act on a document. Meanwhile the ending that a sheet of a
// case testifies may be corrected in the person's stream, or an entry leave its list: then
// what is issued here is not in force, as its original is not.
func (h *Handler) onDocument(
	ctx context.Context, cmd domain.Command, stream string, id domain.CertificateID, opt Options,
	act func(*certificates.Documents) ([]domain.Event, error),
) (Receipt, error) {
	file, compare, err := h.fileOf(ctx, stream, id)
	if err != nil {
		return Receipt{}, err
	}
	return execute(ctx, h, streamCommand[certificates.Documents]{
		cmd: cmd, stream: stream, correlation: file.Case().UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(f *certificates.Documents) ([]domain.Event, error) {
			now := f.Clone()
			compare(&now)
			return act(&now)
		},
	})
}

// RequestDepartureSheet issues the departure sheet of an ending that has none yet
// (R17), in one append to the person's stream.
//
// A case issues its sheets with its decision and none later. Where a crash left the
// case without a decision, it is finished first, so that what it has issued is final.
// The expected revision of the person's stream prevents two sheets of one ending.
func (h *Handler) RequestDepartureSheet(
	ctx context.Context, cmd domain.Command, person domain.PersonID, c residence.RequestDepartureSheet, opt Options,
) (Receipt, error) {
	p, err := h.Person(ctx, person)
	if err != nil {
		return Receipt{}, err
	}
	if id := p.EndedBy(c.RegistrationID); !id.IsZero() {
		if c.Case, err = h.finishedCase(ctx, id, opt); err != nil {
			return Receipt{}, err
		}
	}
	return execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: person.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun, onMerged: true, // it tells of the past
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.RequestDepartureSheet(cmd, c) },
	})
}

// finishedCase returns an S001 case. Where it is not finished, it is finished first,
// but not in a dry run.
func (h *Handler) finishedCase(ctx context.Context, id domain.CaseID, opt Options) (*residence.Deregistration, error) {
	d, err := load[residence.Deregistration](ctx, h, id.Stream())
	if err != nil || d.Decided || opt.DryRun {
		return &d, err
	}
	if _, err := h.finishDeregistration(ctx, id); err != nil {
		return nil, err
	}
	d, err = load[residence.Deregistration](ctx, h, id.Stream())
	return &d, err
}
