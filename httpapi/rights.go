package httpapi

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

// rights decides who may act on which record. The guard asks it before it looks at the
// form of a request, so that nothing about another's record can be learned by requests
// that are wrong.
//
//   - A citizen acts on and sees the records that name them, or somebody whom they legally
//     represent (R32), and is told of all others that there is no such record.
//   - A commission acts on and sees the lists that it keeps, with their entries, cases,
//     leases and certificates; the body above it decides the complaints, and sees them.
//   - A desk and the provider act in their territory, and see what is beyond it for a
//     purpose with its reference. An audit office and a commission that have a territory see
//     so what is beyond it; a commission sees its own lists and stock wherever they are. A
//     person is where they are registered, a list where the body acts that keeps it.
//   - Nobody acts with an account of staff in a matter of their own person.
//   - Whoever has died neither acts nor sees anything. Their heirs go to a desk.
type rights struct{ s *Server }

// Allow implements [operation.Rights].
func (r rights) Allow(ctx context.Context, a operation.Attempt) (operation.Standing, error) {
	if err := r.alive(ctx, a); err != nil {
		return operation.Standing{}, err
	}
	if a.Caller.IsCitizen() {
		return r.forWhom(ctx, a)
	}
	return operation.Standing{}, r.judge(ctx, a)
}

// alive refuses a token or an account that outlived its person (R27).
func (r rights) alive(ctx context.Context, a operation.Attempt) error {
	return r.s.living.check(ctx, a.Caller.PersonID, a.Changes())
}

// judge decides on the record that the path names.
func (r rights) judge(ctx context.Context, a operation.Attempt) error {
	if !a.Of.Recorded() || a.Of == operation.OfBody {
		return nil
	}
	return r.asOneOfThem(ctx, a, r.byRecord(ctx, a))
}

// byRecord is Allow of a record that the path names.
func (r rights) byRecord(ctx context.Context, a operation.Attempt) error {
	err := r.allow(ctx, a, false)
	if err == nil || domain.IsKind(err, domain.Unavailable) {
		return err
	}
	return r.allow(ctx, a, true) // what this process knows may be old
}

// allow is Allow by what this process knows; with now, by what the log holds.
func (r rights) allow(ctx context.Context, a operation.Attempt, now bool) error {
	id, ok := idOf(a)
	if !ok { // the form of the path is checked next
		return nil
	}
	switch a.Of {
	case operation.OfPerson:
		return r.ofPerson(ctx, a, domain.PersonID{UUID: id}, now)
	case operation.OfDwelling:
		return r.ofDwelling(ctx, a, domain.DwellingID{UUID: id}, now)
	case operation.OfCase:
		return r.ofCase(ctx, a, domain.CaseID{UUID: id}, now)
	case operation.OfCertificate:
		return r.ofCertificate(ctx, a, domain.CertificateID{UUID: id}, now)
	default:
		return r.ofList(ctx, a, domain.ListID{UUID: id}, now)
	}
}

// idOf returns the id of the record that the path names.
func idOf(a operation.Attempt) (uuid.UUID, bool) {
	text := a.Param("id")
	if a.Of == operation.OfList || a.Of == operation.OfEntry {
		text = a.Param("list_id")
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}

func (r rights) ofPerson(ctx context.Context, a operation.Attempt, id domain.PersonID, now bool) error {
	switch {
	case a.Caller.PersonID != id && a.Caller.IsCitizen():
		return operation.NotYours()
	case a.Caller.PersonID == id:
		return ownMatter(a)
	}
	return r.inReach(ctx, a, id, now)
}

// inReach refuses staff who read about a person who is registered beyond the territory of
// their body and nowhere in it. Who is registered nowhere is in every territory.
func (r rights) inReach(ctx context.Context, a operation.Attempt, id domain.PersonID, now bool) error {
	if a.Changes() || a.Beyond || len(a.Body.Territory) == 0 {
		return nil
	}
	p, err := r.s.commands.KnownPerson(ctx, id, now)
	if err != nil {
		return err
	}
	var beyond error
	for _, at := range p.ActiveOn(domain.DateOf(r.s.now())) {
		d, err := r.s.commands.KnownDwelling(ctx, at.DwellingID, now)
		if err != nil {
			return err
		}
		if a.Body.Territory.Covers(domain.KATO(d.KATO)) {
			return nil
		}
		beyond = notReadHere("your body does not act where this person is registered")
	}
	return beyond
}

// ownMatter refuses a command of staff in a matter of their own person.
func ownMatter(a operation.Attempt) error {
	if a.Caller.IsCitizen() || !a.Changes() {
		return nil
	}
	return notInOwnMatter()
}

func notInOwnMatter() *domain.Error {
	return domain.Refuse(domain.Forbidden, domain.CodeOwnMatter,
		"this record is about you, your family or your dwelling: another official must act")
}

func notYourBody() *domain.Error {
	return domain.Refuse(domain.Forbidden, domain.CodeNotYourBody,
		"another body keeps this: its accounts alone act on it and see it")
}

func (r rights) ofList(ctx context.Context, a operation.Attempt, id domain.ListID, now bool) error {
	if !a.Caller.IsCitizen() {
		if err := r.kept(ctx, a, id); err != nil || a.Of != operation.OfEntry || !a.Changes() {
			return err
		}
	}
	entryID, err := uuid.Parse(a.Param("entry_id"))
	entry := domain.ListEntry{ListID: id, EntryID: domain.EntryID{UUID: entryID}}
	if a.Caller.IsCitizen() && (a.Of != operation.OfEntry || err != nil) {
		return operation.NotYours()
	}
	if a.Caller.IsCitizen() && !a.Changes() && !a.FromLog {
		return r.ofHolder(ctx, a, entry, now)
	}
	q, err := r.s.commands.KnownList(ctx, id, now)
	if err != nil {
		return err
	}
	var e housing.Entry
	found := false
	if q.Known() {
		e, found = q.Entry(entry.EntryID)
	}
	switch {
	case a.Caller.IsCitizen() && (!found || e.PersonID != a.Caller.PersonID):
		return operation.NotYours()
	case found && namedIn(e, a.Caller.PersonID):
		return ownMatter(a)
	}
	return nil
}

// ofHolder is the right to a read of the read model: the model says whose an entry is, so
// that a number costs no look at the list. now waits until the model has all that the log
// holds. An entry never gets another holder.
func (r rights) ofHolder(ctx context.Context, a operation.Attempt, entry domain.ListEntry, now bool) error {
	if holder, known := r.s.holders.Get(entry); known && holder == a.Caller.PersonID {
		return nil
	}
	if now {
		if err := r.s.watch.CatchUp(ctx); err != nil {
			return err
		}
	}
	n, err := r.s.model.Number(ctx, entry.ListID, entry.EntryID)
	if err == nil && n.PersonID != a.Caller.PersonID {
		err = projections.UnknownEntry(entry.ListID) // the same work as for an entry that does not exist
	}
	if now && err != nil {
		err = r.s.watch.Confirm(ctx, err)
	}
	switch {
	case domain.IsKind(err, domain.NotFound):
		return operation.NotYours()
	case err != nil:
		return err
	}
	r.s.holders.Add(entry, n.PersonID)
	return nil
}

// namedIn reports whether the entry is of the person or their family.
func namedIn(e housing.Entry, p domain.PersonID) bool {
	return !p.IsZero() && (e.PersonID == p ||
		slices.ContainsFunc(e.Family, func(m housing.FamilyMember) bool { return m.PersonID == p }))
}

// complaintDecisions are the operations by which a body above decides.
var complaintDecisions = []string{"complaint-decision", "entry-complaint-decision"}

// kept refuses commissions that do not keep the list. The body above the keeper sees it
// and decides complaints. Other staff who read are refused where the keeper acts nowhere in
// the territory of their body.
func (r rights) kept(ctx context.Context, a operation.Attempt, id domain.ListID) error {
	staff := a.Caller.Role != domain.RoleCommission
	if staff && (a.Changes() || a.Beyond || len(a.Body.Territory) == 0) {
		return nil
	}
	keeper, err := r.s.commands.KeeperOf(ctx, id)
	if err != nil || keeper.IsZero() || a.Caller.BodyID == keeper {
		return err
	}
	if staff {
		b, err := r.s.directory.Body(ctx, keeper)
		if err != nil || b == nil || a.Body.Territory.Meets(b.Territory) {
			return err
		}
		return notReadHere("your body does not act where the commission does that keeps this list")
	}
	above, err := r.s.above(ctx, keeper)
	if err != nil {
		return err
	}
	if above == a.Caller.BodyID && (!a.Changes() || slices.Contains(complaintDecisions, a.ID)) {
		return nil
	}
	return notYourBody()
}

// above returns the body that decides the complaints about a body now; zero where none is
// recorded.
func (s *Server) above(ctx context.Context, id domain.BodyID) (domain.BodyID, error) {
	b, err := s.directory.Body(ctx, id)
	if err != nil || b == nil {
		return domain.BodyID{}, err
	}
	heirs, err := s.directory.Heirs(ctx)
	return heirs.Of(b.Parent), err
}

func (r rights) ofCase(ctx context.Context, a operation.Attempt, id domain.CaseID, now bool) error {
	m, err := r.s.commands.MatterOf(ctx, id, now)
	if err != nil {
		return err
	}
	return r.ofMatter(ctx, a, m, now)
}

func (r rights) ofMatter(ctx context.Context, a operation.Attempt, m *command.Matter, now bool) error {
	switch {
	case a.Caller.IsCitizen() && !m.Names(a.Caller.PersonID):
		return operation.NotYours()
	case a.Caller.IsCitizen():
		return nil
	case m.Names(a.Caller.PersonID) && a.Changes():
		return ownMatter(a)
	case !m.DwellingID.IsZero():
		return r.inTerritory(ctx, a, m.DwellingID, now)
	case !m.ListID.IsZero():
		return r.kept(ctx, a, m.ListID)
	}
	return nil
}

func (r rights) ofDwelling(ctx context.Context, a operation.Attempt, id domain.DwellingID, now bool) error {
	d, err := r.s.commands.KnownDwelling(ctx, id, now)
	if err != nil {
		return err
	}
	heirs, err := r.s.directory.Heirs(ctx)
	if err != nil {
		return err
	}
	switch {
	case a.Caller.IsCitizen() && !d.OwnedBy(a.Caller.PersonID):
		return operation.NotYours()
	case a.Caller.IsCitizen():
		return nil
	case d.OwnedBy(a.Caller.PersonID) && a.Changes():
		return ownMatter(a)
	case a.Caller.Role == domain.RoleCommission && a.Changes() && !d.KeptBy(a.Caller.BodyID, heirs):
		return notYourBody()
	case a.Caller.Role == domain.RoleCommission && a.Changes() && d.Lease != nil:
		m, err := r.s.commands.MatterOf(ctx, d.Lease.CaseID, now)
		if err != nil {
			return err
		}
		return r.ofMatter(ctx, a, m, now)
	case a.Caller.Role == domain.RoleCommission && heirs.Of(d.Keeper) == a.Caller.BodyID:
		return nil
	}
	return inTerritory(a, domain.KATO(d.KATO))
}

func (r rights) inTerritory(ctx context.Context, a operation.Attempt, id domain.DwellingID, now bool) error {
	d, err := r.s.commands.KnownDwelling(ctx, id, now)
	if err != nil {
		return err
	}
	return inTerritory(a, domain.KATO(d.KATO))
}

// inTerritory refuses staff whose body does not act in the place. A commission acts by
// its lists, wherever a dwelling is.
func inTerritory(a operation.Attempt, place domain.KATO) error {
	switch {
	case a.Body.Territory.Covers(place):
		return nil
	case !a.Changes() && a.Beyond, a.Changes() && a.Caller.Role == domain.RoleCommission:
		return nil
	case a.Changes():
		return domain.Refuse(domain.Forbidden, domain.CodeNotYourTerritory,
			"your body does not act where this dwelling is: send the person to the body of that place")
	}
	return notReadHere("your body does not act where this dwelling is")
}

// notReadHere refuses staff who read beyond the territory of their body and do not say why.
func notReadHere(because string) *domain.Error {
	return domain.Refuse(domain.Forbidden, domain.CodeNotYourTerritory,
		"%s: to read it, say why in Tizilim-Purpose, and name the request or the case in Tizilim-Reference", because)
}

func (r rights) ofCertificate(ctx context.Context, a operation.Attempt, id domain.CertificateID, now bool) error {
	if a.Caller.IsCitizen() {
		return r.openToCitizen(ctx, a, id, now)
	}
	where, err := r.s.locate(ctx, id)
	if domain.IsKind(err, domain.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	category, rest, _ := strings.Cut(where.Stream, "-")
	owner, err := uuid.Parse(rest)
	switch {
	case err != nil:
		return nil
	case category == "case":
		return r.ofCase(ctx, a, domain.CaseID{UUID: owner}, now)
	case a.Caller.PersonID.UUID == owner:
		return ownMatter(a)
	case where.Kind == certificates.Placement: // of an entry that passed to the person: the list's
		file, err := r.s.commands.Certificates(ctx, where.Stream, id)
		if err != nil {
			return err
		}
		d, _ := file.Find(id)
		return r.kept(ctx, a, certificates.EntryOf(d).ListID)
	case category == "residence":
		return r.inReach(ctx, a, domain.PersonID{UUID: owner}, now)
	}
	return nil
}

// openToCitizen refuses a document that is not the citizen's, and one that does not exist
// after the same looks at model and log. now waits until the model has all that the log holds.
func (r rights) openToCitizen(ctx context.Context, a operation.Attempt, id domain.CertificateID, now bool) error {
	if now {
		if err := r.s.watch.CatchUp(ctx); err != nil {
			return err
		}
	}
	where, err := r.s.model.Certificate(ctx, id)
	if now && err != nil {
		err = r.s.watch.Confirm(ctx, err)
	}
	none := domain.IsKind(err, domain.NotFound)
	if none {
		where.Stream, err = domain.CaseID(id).Stream(), nil // which nobody has
	}
	if err != nil {
		return err
	}
	file, err := r.s.commands.Certificates(ctx, where.Stream, id)
	if err != nil {
		return err
	}
	if none { // of another's document this was the look at the person whom it names
		if _, err := r.s.commands.Person(ctx, domain.PersonID(id)); err != nil {
			return err
		}
	}
	if d, ok := file.Find(id); !ok || !file.OpenTo(d, a.Caller.PersonID) {
		return operation.NotYours()
	}
	return nil
}

// inRequest refuses staff whose body does not act where the dwelling is that the body of a
// command names, and staff who are one of the persons whom the command is about. A zero id
// names no dwelling.
func (s *Server) inRequest(ctx context.Context, id domain.DwellingID, about ...domain.PersonID) error {
	p := operation.Caller(ctx)
	if p.IsCitizen() {
		return nil
	}
	if !p.PersonID.IsZero() && slices.Contains(about, p.PersonID) {
		return notInOwnMatter()
	}
	if id.IsZero() {
		return nil
	}
	d, err := s.commands.KnownDwelling(ctx, id, false)
	if err != nil {
		return err
	}
	return s.inPlace(ctx, domain.KATO(d.KATO))
}

// inPlace refuses staff whose body does not act in the place.
func (s *Server) inPlace(ctx context.Context, place domain.KATO) error {
	return inTerritory(operation.Attempt{
		Operation: operation.Acting, Caller: operation.Caller(ctx), Body: operation.Body(ctx),
	}, place)
}

// reviewers are the bodies that decide a complaint: the one whose act it is about, and the
// one above it. Both are zero where nothing is recorded above.
type reviewers struct{ keeper, above domain.BodyID }

func (s *Server) reviewersOfCase(ctx context.Context, id domain.CaseID) (reviewers, error) {
	m, err := s.commands.MatterOf(ctx, id, false)
	switch {
	case err != nil:
		return reviewers{}, err
	case !m.ListID.IsZero():
		return s.reviewersOfList(ctx, m.ListID)
	case m.ActedBody.IsZero():
		return reviewers{}, nil
	}
	b, err := s.directory.Body(ctx, m.ActedBody)
	if err != nil || b == nil || b.Kind != body.Provider {
		return reviewers{}, err // what a desk did, the provider answers for
	}
	heirs, err := s.directory.Heirs(ctx)
	if err != nil {
		return reviewers{}, err
	}
	return s.reviewersOf(ctx, heirs.Of(m.ActedBody))
}

func (s *Server) reviewersOfList(ctx context.Context, id domain.ListID) (reviewers, error) {
	keeper, err := s.commands.KeeperOf(ctx, id)
	if err != nil || keeper.IsZero() {
		return reviewers{}, err
	}
	return s.reviewersOf(ctx, keeper)
}

// reviewersOf are the body and the one above it.
func (s *Server) reviewersOf(ctx context.Context, keeper domain.BodyID) (reviewers, error) {
	above, err := s.above(ctx, keeper)
	if err != nil || above.IsZero() {
		return reviewers{}, err
	}
	return reviewers{keeper, above}, nil
}

// check refuses the wrong one of the two: the body itself can satisfy a complaint until it
// is forwarded, and then the body above decides it (APPC 91).
func (r reviewers) check(c *procedure.Case, cmd domain.Command) error {
	by := r.keeper
	if c.ComplaintAt != "" {
		by = r.above
	}
	if by.IsZero() || cmd.BodyID == by {
		return nil
	}
	return domain.Refuse(domain.Forbidden, domain.CodeNotYourBody,
		"the body itself decides a complaint until it is forwarded, and then the body above it")
}
