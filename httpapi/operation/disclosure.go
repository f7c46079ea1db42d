package operation

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// Disclosure says whose data the answer of a read shows, and so what the read
// leaves in the access log (C21). A read of one's own data leaves nothing there.
// Its zero value decides nothing, and no operation starts with it.
type Disclosure struct {
	decided bool
	nobody  string            // why the answer shows nobody; "" where it names persons
	citizen accesslog.Purpose // why a citizen is shown others; "" where they are shown only themselves
}

// ShowsPersons is an answer that names persons to staff, and to a citizen only the
// citizen.
func ShowsPersons() Disclosure { return Disclosure{decided: true} }

// ShowsOthers is an answer that names persons to staff, and to a citizen also
// others, for the purpose.
func ShowsOthers(purpose accesslog.Purpose) Disclosure {
	return Disclosure{decided: true, citizen: purpose}
}

// ShowsNobody is an answer that tells nothing about anybody, and what it tells
// instead.
func ShowsNobody(what string) Disclosure { return Disclosure{decided: true, nobody: what} }

// dryRunShows is the disclosure of every dry run. A command that is carried out
// leaves nothing in the access log: its events say who, when and why.
var dryRunShows = ShowsOthers(accesslog.Party)

// Leaves says what a call by the role leaves in the access log where no header states a
// purpose: the purpose, "own" where a citizen is shown only themselves, or why
// nothing.
func (op Operation) Leaves(role domain.Role) string {
	d := op.Shows
	switch {
	case op.Changes():
		return "its events; with dry_run " + Operation{Declaration: Declaration{Shows: dryRunShows}}.Leaves(role)
	case d.nobody != "":
		return "nobody: " + d.nobody
	case op.searches:
		return "the purpose that the body states"
	case role != domain.RoleCitizen:
		return string(accesslog.DefaultOf(role))
	case d.citizen != "":
		return string(d.citizen)
	}
	return "own"
}

// AccessLog takes the entries of reads.
type AccessLog interface {
	// RecordAccess records that somebody is about to be shown data of a person.
	RecordAccess(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error
	// RecordPage records that somebody is about to be shown data of many persons at once.
	RecordPage(ctx context.Context, id uuid.UUID, e accesslog.PageRead, meta domain.Meta) error
}

// Reading is one read of personal data: one entry for each person, in however many
// parts the answer is given. A part that shows more than [accesslog.FewShown] persons
// leaves one entry that names the page and all of them.
type Reading struct {
	api   *API
	op    string
	shows Disclosure
	id    uuid.UUID
	noted map[domain.PersonID]bool
	// unbegun is the stream that only a dry run has: the access log names no record that there may never be.
	unbegun string
}

func (a *API) reading(op string, shows Disclosure) *Reading {
	return &Reading{api: a, op: op, shows: shows, id: uuid.New(), noted: map[domain.PersonID]bool{}}
}

// Anew is another reading of the same call: whoever was shown before is noted again. A stream that
// goes on has one for each of its parts.
func (r *Reading) Anew() *Reading { return r.api.reading(r.op, r.shows) }

// Show writes an entry into the access log of everybody whom the part of an answer
// names. It is called before the part is given. Where it returns an error, the
// event store has not taken all entries and the part must not be given; the
// entries that it took then tell of data that nobody saw.
func (r *Reading) Show(ctx context.Context, part ...any) error {
	if r.shows.nobody != "" {
		return nil
	}
	reader := callerOf(ctx)
	shown := namedIn(part...)
	if reader.IsCitizen() { // an official who reads their own data with a staff account is in the log
		delete(shown, reader.PersonID)
	}
	for person, caseID := range shown {
		switch {
		case r.noted[person], person.Stream() == r.unbegun:
			delete(shown, person)
		case caseID.Stream() == r.unbegun:
			shown[person] = domain.CaseID{}
		}
	}
	if len(shown) == 0 {
		return nil
	}
	purpose := reader.purpose
	if reader.IsCitizen() {
		purpose = r.shows.citizen
	}
	if !reader.standing.For.IsZero() {
		purpose = accesslog.Representative
	}
	if purpose == "" {
		return fmt.Errorf(
			"operation %s shows a %s the data of others, which its declaration does not allow", r.op, reader.Role,
		)
	}
	record := r.append
	if len(shown) > accesslog.FewShown {
		record = r.appendPage
	}
	if err := record(ctx, reader, purpose, shown); err != nil {
		return err
	}
	if r.api.config.Witness != nil && !reader.IsCitizen() {
		r.api.config.Witness.Shown(reader.Principal, slices.Collect(maps.Keys(shown)))
	}
	for person := range shown {
		r.noted[person] = true
	}
	return nil
}

func (r *Reading) append(
	ctx context.Context, reader caller, purpose accesslog.Purpose, shown map[domain.PersonID]domain.CaseID,
) error {
	at := r.api.config.Now()
	group, ctx := errgroup.WithContext(ctx)
	for person, caseID := range shown {
		group.Go(func() error {
			correlation := caseID.UUID
			if caseID.IsZero() {
				correlation = r.id
			}
			return r.api.config.AccessLog.RecordAccess(ctx, domain.DeriveID(r.id, person.String()), accesslog.PersonalDataRead{
				PersonID: person, Reader: reader.Account, Role: reader.Role, Operation: r.op, Purpose: purpose,
				Reference: reader.reference, CaseID: caseID,
				ReadAt: at,
			}, domain.Meta{
				Correlation: correlation, Causation: domain.CommandID{UUID: r.id}, Actor: reader.Account, Role: reader.Role,
			})
		})
	}
	return group.Wait()
}

// appendPage appends one entry for all whom the part shows. Its id is derived from the first
// of them, whom no other part of the reading notes.
func (r *Reading) appendPage(
	ctx context.Context, reader caller, purpose accesslog.Purpose, shown map[domain.PersonID]domain.CaseID,
) error {
	all := make([]accesslog.Shown, 0, len(shown))
	for person, caseID := range shown {
		all = append(all, accesslog.Shown{PersonID: person, CaseID: caseID})
	}
	slices.SortFunc(all, func(a, b accesslog.Shown) int { return bytes.Compare(a.PersonID.UUID[:], b.PersonID.UUID[:]) })
	at := r.api.config.Now()
	for part := range slices.Chunk(all, accesslog.MostShown) {
		id := domain.DeriveID(r.id, "page "+part[0].PersonID.String())
		err := r.api.config.AccessLog.RecordPage(ctx, id, accesslog.PageRead{
			Reader: reader.Account, Role: reader.Role, Operation: r.op, Page: reader.page, Purpose: purpose,
			Reference: reader.reference, Shown: part, ReadAt: at,
		}, domain.Meta{
			Correlation: r.id, Causation: domain.CommandID{UUID: r.id}, Actor: reader.Account, Role: reader.Role,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
