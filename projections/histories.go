package projections

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// histories keeps, for every person and every dwelling, the pointers to the
// events that tell of them, in the order of the log. The events themselves are
// read from the log.
//
// Only the first event of a case says whom it concerns. It names the histories
// that take part in the case, once; every event of the case, the first
// included, is then pointed to from all of them (opPoint). So later events need
// not repeat the parties, the function needs no reads, and a page of a history
// is one range of one sorted set.
func histories(rec domain.Recorded) []op {
	pointer := hexPosition(rec.Position) + "|" + eventRef(rec.Stream, rec.Revision)
	parties := fileOf(rec) + ":parties" // a set of the keys of histories
	if strings.HasPrefix(rec.Stream, "case-") {
		var ops []op
		if names := partiesOf(rec.Event); len(names) > 0 {
			ops = append(ops, join(parties, names...))
		}
		return append(ops, point(parties, pointer))
	}
	var ops []op
	if e, ok := rec.Event.(housing.ReviewOpened); ok { // a review is a case in the stream of its list
		ops = append(ops, join(parties, personHistory(e.PersonID)))
	}
	histories := concerned(rec)
	for _, history := range histories {
		ops = append(ops, rank(history, pointer))
	}
	if _, ok := rec.Event.(procedure.OfCase); ok && len(histories) == 0 {
		ops = append(ops, point(parties, pointer))
	}
	return ops
}

var partiesQuery = query(`
local all = {}
for i = 4, #ARGV do
  for _, history in ipairs(redis.call('SMEMBERS', g .. ARGV[i])) do all[#all + 1] = history end
end
return all`)

// Parties returns the persons who take part in the cases, in no order, each as
// often as they do: those whose histories hold the events of the cases.
func (r *Reader) Parties(ctx context.Context, cases []domain.CaseID) ([]domain.PersonID, error) {
	args := make([]any, len(cases))
	for i, id := range cases {
		args[i] = partiesKey(id.Stream())
	}
	data, _, err := r.read(ctx, partiesQuery, "", args...)
	if err != nil {
		return nil, err
	}
	var parties []domain.PersonID
	for _, history := range asTexts(data) {
		id, ok := strings.CutPrefix(strings.TrimSuffix(history, ":history"), "residence-")
		if !ok {
			continue // a dwelling
		}
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, corrupt("party of a case", err)
		}
		parties = append(parties, domain.PersonID{UUID: parsed})
	}
	return parties, nil
}

// partiesKey is a set of the keys of histories.
func partiesKey(stream string) string { return stream + ":parties" }

// partiesOf returns the histories that a case belongs to, from its first event.
func partiesOf(event domain.Event) []string {
	switch e := event.(type) {
	case residence.DeregistrationApplied:
		parties := []string{dwellingHistory(e.DwellingID), personHistory(e.ApplicantID)}
		for _, p := range slices.Concat(e.Persons, e.CoOwners) {
			parties = append(parties, personHistory(p))
		}
		return parties
	case housing.ApplicationReceived:
		parties := []string{personHistory(e.ApplicantID)}
		for _, m := range e.Family {
			parties = append(parties, personHistory(m.PersonID))
		}
		return parties
	case housing.ProvisionDecided:
		return []string{personHistory(e.PersonID), dwellingHistory(e.Dwelling.ID)}
	}
	return nil
}

// concerned returns the histories that an event outside a case belongs to: that
// of its own stream, and those of the person or dwelling it names.
func concerned(rec domain.Recorded) []string {
	switch e := rec.Event.(type) {
	case residence.RegistrationBegan:
		return []string{personHistory(e.PersonID), dwellingHistory(e.DwellingID)}
	case residence.RegistrationEnded:
		return []string{personHistory(e.PersonID), dwellingHistory(e.DwellingID)}
	case residence.DepartureSheetIssued:
		return []string{personHistory(e.PersonID), dwellingHistory(e.DwellingID)}
	case housing.EntryPlaced:
		return []string{personHistory(e.PersonID)}
	case housing.EntryRemoved:
		return []string{personHistory(e.PersonID)}
	case housing.EntryReinstated:
		return []string{personHistory(e.PersonID)}
	case housing.NoticeGiven:
		return []string{personHistory(e.PersonID)}
	case housing.EntryRedated:
		return []string{personHistory(e.PersonID)}
	case housing.EntryTransferred:
		return []string{personHistory(e.From), personHistory(e.PersonID)}
	case housing.EntryProvided:
		return []string{personHistory(e.PersonID)}
	case housing.EntryPrioritised:
		return []string{personHistory(e.PersonID)}
	case housing.PriorityEnded:
		return []string{personHistory(e.PersonID)}
	case housing.ProtectionRecorded:
		return []string{personHistory(e.PersonID)}
	case housing.ProtectionLifted:
		return []string{personHistory(e.PersonID)}
	case housing.InventoryConfirmed:
		return []string{personHistory(e.PersonID)}
	case housing.InventoryRequested:
		return []string{personHistory(e.PersonID)}
	case housing.ReviewOpened:
		return []string{personHistory(e.PersonID)}
	case housing.ReviewClosed:
		return []string{personHistory(e.PersonID)}
	case housing.ChangeReported:
		return []string{personHistory(e.PersonID)}
	case housing.LookupConsentWithdrawn:
		return []string{personHistory(e.PersonID)}
	case housing.LookupConsentRenewed:
		return []string{personHistory(e.PersonID)}
	case residence.RegistrationDeclined:
		return []string{personHistory(e.PersonID), dwellingHistory(e.DwellingID)}
	case housing.LookupConsentExpired:
		return []string{personHistory(e.PersonID)}
	case residence.LeaseBegan:
		return []string{dwellingHistory(e.DwellingID), personHistory(e.PersonID)}
	case residence.LeaseVoided:
		return []string{dwellingHistory(e.DwellingID), personHistory(e.PersonID)}
	case residence.LeaseEnded:
		return []string{dwellingHistory(e.DwellingID), personHistory(e.PersonID)}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok {
		return []string{personHistory(c.PersonID), dwellingHistory(c.DwellingID)}
	}
	if strings.HasPrefix(rec.Stream, "residence-") || strings.HasPrefix(rec.Stream, "dwelling-") {
		return []string{rec.Stream + ":history"}
	}
	return nil
}
