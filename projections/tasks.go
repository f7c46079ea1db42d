package projections

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

const tasksKey = "tasks" // zset: task by when it is due

// tasks keeps what the registry itself has to do, by the instant at which it is
// due. A further kind of task is a further case here.
func tasks(rec domain.Recorded) []op {
	if strings.HasPrefix(rec.Stream, listPrefix) {
		return slices.Concat(listTasks(rec), worseTasks(rec), dutyTasks(rec), consentTasks(rec), annulledTasks(rec))
	}
	ops := slices.Concat(caseTasks(rec), worseTasks(rec), dutyTasks(rec), residenceTasks(rec), consentTasks(rec), annulledTasks(rec))
	if residence.Departs(rec.Event) {
		ops = append(ops, schedule(domain.Task{Kind: domain.TaskDeparture, Stream: rec.Stream, At: rec.Created}))
	}
	return ops
}

// annulledTasks let an act that was annulled fall due again.
func annulledTasks(rec domain.Recorded) []op {
	task := domain.Task{Stream: rec.Stream}
	switch e := rec.Event.(type) {
	case procedure.StepAnnulled:
		task.Kind, task.At = annulledKinds[e.Step], e.Due
		if strings.HasPrefix(rec.Stream, listPrefix) {
			task.Item = e.CaseID.String()
		}
		if e.Duty != "" {
			task.Item = strings.TrimPrefix(task.Item+"/"+string(e.Duty), "/")
		}
	case housing.RequestAnnulled:
		task.Kind, task.Item, task.At = domain.TaskInventory, e.EntryID.String(), e.Due
	case housing.ReviewAnnulled:
		task.Kind, task.Item, task.At = domain.TaskInventory, e.EntryID.String(), e.Due
	case housing.ConsentExpiryAnnulled:
		task.Kind, task.At = domain.TaskConsent, e.Due
		if !e.EntryID.IsZero() {
			task.Item = e.EntryID.String()
		}
	case residence.SilenceAnnulled:
		task.Kind, task.At = domain.TaskConfirmations, e.Due
	case residence.LapseAnnulled:
		task.Kind, task.Item, task.At = domain.TaskProposal, e.ProposalID.String(), e.Due
	}
	if task.At.IsZero() {
		return nil
	}
	return []op{schedule(task)}
}

// annulledKinds are the tasks by the events with which they are done.
var annulledKinds = map[string]domain.TaskKind{
	procedure.DeadlinePassed{}.EventType(): domain.TaskDecision,
	procedure.CaseReturned{}.EventType():   domain.TaskCorrection,
	procedure.HearingClosed{}.EventType():  domain.TaskObjection,
	procedure.DutyMissed{}.EventType():     domain.TaskDuty,
}

// listPrefix begins the name of a list's stream.
const listPrefix = "queue-"

// schedule lets the task be due at its instant, also where it had another one.
func schedule(task domain.Task) op { return rankAt(tasksKey, task.At.UnixMilli(), taskMember(task)) }

// cancel removes the task, which is done or not needed any more.
func cancel(task domain.Task) op { return unrank(tasksKey, taskMember(task)) }

func taskMember(task domain.Task) string {
	return string(task.Kind) + "|" + task.Stream + "|" + task.Item
}

// scheduleAfter lets the task be due when the day has passed.
func scheduleAfter(task domain.Task, day domain.Date) op {
	task.At = dayAfter(day)
	return schedule(task)
}

// dayAfter is the instant at which a day has passed.
func dayAfter(d domain.Date) time.Time { return d.AddDays(1).Start() }

// consentTasks are for the last days of consents to look-ups: that of an
// application, and that of the entry that came of it, which has the consent from
// then on.
func consentTasks(rec domain.Recorded) []op {
	of := func(entry domain.EntryID, c housing.Consent) []op {
		task := domain.Task{Kind: domain.TaskConsent, Stream: rec.Stream, At: c.EndsAt()}
		if !entry.IsZero() {
			task.Item = entry.String()
		}
		if c.State == housing.ConsentGiven && !task.At.IsZero() {
			return []op{schedule(task)}
		}
		return []op{cancel(task)}
	}
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		return of(domain.EntryID{}, e.Answer())
	case housing.PlacementCertified:
		return of(domain.EntryID{}, housing.Consent{})
	case housing.EntryPlaced:
		return of(e.EntryID, e.Consent)
	case housing.EntryTransferred:
		return of(e.EntryID, housing.Consent{})
	case housing.LookupConsentWithdrawn:
		return of(e.EntryID, housing.Consent{})
	case housing.LookupConsentExpired:
		return of(e.EntryID, housing.Consent{})
	case housing.LookupConsentRenewed:
		return of(e.EntryID, housing.Consent{State: housing.ConsentGiven, ConsentTerms: e.ConsentTerms})
	}
	return nil
}

// dutyTasks mark what a body owes in a case, beside its decision, and has not
// done in time. The duties come and go by the facts that the case itself folds.
// Those of a review are in the stream of a list.
func dutyTasks(rec domain.Recorded) (ops []op) {
	review := rec.Event.Concerns().Case
	task := func(d procedure.Duty) domain.Task {
		t := domain.Task{Kind: domain.TaskDuty, Stream: rec.Stream, Item: string(d)}
		if !review.IsZero() && strings.HasPrefix(rec.Stream, listPrefix) {
			t.Item = review.String() + "/" + string(d)
		}
		return t
	}
	owed, done := procedure.DutiesOf(rec.Event)
	switch e := rec.Event.(type) {
	case procedure.DutyMissed:
		done = append(done, e.Duty)
	case housing.EntryReinstated: // whatever was owed, the entry is back
		done = procedure.Duties
	}
	for _, d := range done {
		ops = append(ops, cancel(task(d)))
	}
	for _, o := range owed {
		ops = append(ops, scheduleAfter(task(o.Duty), o.By))
	}
	return ops
}

// listTasks are the yearly inventory of every entry, and the end of the time for
// an objection in a review. While an entry is under review, and when it has left,
// no inventory is due.
func listTasks(rec domain.Recorded) []op {
	after := func(kind domain.TaskKind, item fmt.Stringer, day domain.Date) op {
		task := domain.Task{Kind: kind, Stream: rec.Stream, Item: item.String()}
		if day.IsZero() {
			return cancel(task)
		}
		return scheduleAfter(task, day)
	}
	inventory := func(id domain.EntryID, day domain.Date) op { return after(domain.TaskInventory, id, day) }
	objection := func(review domain.CaseID, day domain.Date) op { return after(domain.TaskObjection, review, day) }
	never := domain.Date{}
	switch e := rec.Event.(type) {
	case housing.EntryPlaced:
		return []op{inventory(e.EntryID, e.InventoryDueOn)}
	case housing.EntryReinstated:
		return []op{inventory(e.EntryID, e.InventoryDueOn)}
	case housing.InventoryRequested:
		return []op{inventory(e.EntryID, e.AnswerBy)}
	case housing.InventoryConfirmed:
		if e.Review == "" {
			return []op{inventory(e.EntryID, e.NextDueOn)}
		}
	case housing.ReviewOpened:
		return []op{inventory(e.EntryID, never)}
	case housing.ReviewClosed:
		return []op{inventory(e.EntryID, e.NextDueOn), objection(e.CaseID, never)}
	case housing.ServiceEndUndone:
		if !e.ReviewID.IsZero() {
			return []op{inventory(e.EntryID, e.NextDueOn), objection(e.ReviewID, never)}
		}
	case housing.EntryRemoved:
		return []op{inventory(e.EntryID, never)}
	case housing.EntryProvided:
		return []op{inventory(e.EntryID, never)}
	case housing.EntryLeft:
		return []op{inventory(e.EntryID, never)}
	case housing.PriorityRuleSet:
		task := domain.Task{Kind: domain.TaskPriority, Stream: rec.Stream, At: e.SetAt}
		if e.More {
			return []op{schedule(task)}
		}
		return []op{cancel(task)} // of the rule before
	case housing.PriorityRuleFollowed:
		return []op{cancel(domain.Task{Kind: domain.TaskPriority, Stream: rec.Stream})}
	case housing.DwellingDeclined:
		if e.Offered {
			return []op{schedule(decline(domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, e.DeclinedAt))}
		}
	case housing.EntryTransferred:
		var ops []op
		if !e.CertificateID.IsZero() {
			ops = append(ops, schedule(holder(domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, e.TransferredAt)))
		}
		if !e.InventoryDueOn.IsZero() { // it has ended a review
			ops = append(ops, inventory(e.EntryID, e.InventoryDueOn), objection(e.ReviewID, never))
		}
		return ops
	case procedure.HearingAnnounced:
		return []op{objection(e.CaseID, e.ObjectUntil)}
	case procedure.ObjectionFiled:
		return []op{objection(e.CaseID, never)}
	case procedure.HearingClosed:
		return []op{objection(e.CaseID, never)}
	}
	return nil
}

// worseTasks are for the days on which numbers of a list got worse, one for each such day (Q43).
func worseTasks(rec domain.Recorded) []op {
	task := func(list string, day domain.Date) domain.Task {
		return domain.Task{Kind: domain.TaskWorse, Stream: list, Item: day.String(), At: housing.WorseToldFrom(day)}
	}
	if kind, owed := notice.CircularOf(rec.Event); owed && kind == notice.NumberWorse {
		return []op{schedule(task(rec.Stream, housing.ActedOn(rec)))}
	}
	if e, began := rec.Event.(notice.CircularBegan); began && !e.Day.IsZero() {
		return []op{cancel(task(e.About.Stream, e.Day))}
	}
	return nil
}

// caseTasks are for the terms of a case: of its decision, of a correction, of an
// objection. A new term replaces the one before; the end of the case cancels all.
func caseTasks(rec domain.Recorded) []op {
	task := func(kind domain.TaskKind) domain.Task { return domain.Task{Kind: kind, Stream: rec.Stream} }
	decideBy := func(deadline time.Time) op {
		t := task(domain.TaskDecision)
		t.At = deadline
		return schedule(t)
	}
	ended := []op{cancel(task(domain.TaskDecision)), cancel(task(domain.TaskCorrection)), cancel(task(domain.TaskObjection))}
	switch e := rec.Event.(type) {
	case procedure.Begins:
		if deadline := e.Begun().Deadline; !deadline.IsZero() {
			return []op{decideBy(deadline)}
		}
	case procedure.Moves:
		if from, ok := e.(procedure.Runs); ok && !from.Term().IsZero() {
			return []op{decideBy(from.Term())}
		}
		if !e.MovesTo().Open() {
			return ended
		}
	case procedure.CorrectionRequested: // the term does not run meanwhile
		return []op{cancel(task(domain.TaskDecision)), scheduleAfter(task(domain.TaskCorrection), e.Until)}
	case procedure.CorrectionReceived:
		return []op{cancel(task(domain.TaskCorrection)), decideBy(e.Deadline)}
	case procedure.HearingAnnounced:
		return []op{scheduleAfter(task(domain.TaskObjection), e.ObjectUntil)}
	case procedure.ObjectionFiled, procedure.HearingClosed:
		return []op{cancel(task(domain.TaskObjection))}
	case procedure.TermExtended:
		return []op{decideBy(e.Deadline)}
	case procedure.DeadlinePassed:
		return []op{cancel(task(domain.TaskDecision))}
	case procedure.CaseReturned, procedure.CaseForwarded, procedure.CaseWithdrawn, procedure.CaseTerminated:
		return ended
	case procedure.ComplaintDecided:
		if !e.Deadline.IsZero() {
			return []op{decideBy(e.Deadline)}
		}
	case procedure.CourtActRecorded:
		if !e.Deadline.IsZero() {
			return []op{decideBy(e.Deadline)}
		}
	}
	return nil
}

// residenceTasks are for the terms of temporary registrations, for the minors of
// a representative, and for the time that co-owners and second officials have to
// confirm.
func residenceTasks(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.RegistrationBegan:
		if e.Kind == residence.Temporary {
			return []op{schedule(term(e.PersonID, e.RegistrationID, e.Until))}
		}
	case residence.RegistrationEnded:
		if e.Kind == residence.Temporary {
			return []op{cancel(term(e.PersonID, e.RegistrationID, e.On))}
		}
	case housing.HolderCertified:
		return []op{cancel(holder(e.Transfer, e.CertifiedAt))}
	case residence.OfferEnded:
		if e.How == residence.OfferDeclined {
			return []op{cancel(decline(e.Decline, e.EndedAt))}
		}
	case residence.PersonDied:
		return []op{schedule(death(e.PersonID, e.RecordedAt))}
	case residence.DeathFollowed:
		return []op{cancel(death(e.PersonID, e.FollowedAt))}
	case residence.DeathAnnulled: // what is awaited after it must be taken away
		return []op{schedule(death(e.PersonID, e.AnnulledAt))}
	case residence.DeathUnfollowed:
		return []op{cancel(death(e.PersonID, e.UnfollowedAt))}
	case residence.DepartureFollowed:
		return []op{cancel(departure(e.PersonID, e.FollowedAt))}
	case residence.DwellingGone:
		return []op{schedule(dwellingEnd(e.DwellingID, e.GoneAt))}
	case residence.DwellingGoneVoided:
		return []op{cancel(dwellingEnd(e.DwellingID, e.VoidedAt))}
	case residence.DwellingGoneFollowed:
		return []op{cancel(dwellingEnd(e.DwellingID, e.FollowedAt))}
	case residence.IINClaimed:
		return []op{schedule(iin(rec.Stream, e.ClaimedAt))}
	case residence.IINClaimVoided:
		return []op{cancel(iin(rec.Stream, e.VoidedAt))}
	case residence.IINRecorded:
		if !e.Claim.IsZero() {
			return []op{cancel(iin(e.Claim.Stream, e.RecordedAt))}
		}
	case residence.RecordsMerged:
		return []op{schedule(merge(rec.Stream, e.MergedAt))}
	case residence.RecordAbsorbed:
		return []op{cancel(merge(e.Merge.Stream, e.AbsorbedAt))}
	case residence.MergeUndone:
		if e.Code != "" { // the survivor has recorded nothing
			return []op{cancel(merge(rec.Stream, e.UndoneAt))}
		}
		return []op{schedule(merge(rec.Stream, e.UndoneAt))}
	case residence.RecordSeparated:
		return []op{cancel(merge(e.Merge.Stream, e.SeparatedAt))}
	case residence.RepresentativeRecorded:
		return []op{schedule(ward(e.RepresentativeID, e.PersonID, e.RecordedAt))}
	case residence.RepresentationEnded:
		return []op{cancel(ward(e.RepresentativeID, e.PersonID, e.EndedAt))}
	case residence.WardNoted:
		return []op{cancel(ward(e.PersonID, e.WardID, e.NotedAt))}
	case residence.OwnersChangeProposed:
		return []op{schedule(proposal(e.DwellingID, e.ProposalID, e.ConfirmBy))}
	case residence.OwnersChanged:
		if !e.ProposalID.IsZero() {
			return []op{cancel(proposal(e.DwellingID, e.ProposalID, time.Time{}))}
		}
	case residence.OwnersChangeDeclined:
		return []op{cancel(proposal(e.DwellingID, e.ProposalID, time.Time{}))}
	case residence.OwnersChangeLapsed:
		return []op{cancel(proposal(e.DwellingID, e.ProposalID, time.Time{}))}
	case residence.DeregistrationApplied:
		if len(e.CoOwners) > 0 {
			return []op{schedule(confirmations(e.CaseID, e.ConfirmBy))}
		}
	case residence.CoOwnerConfirmed:
		if !e.Deadline.IsZero() {
			return []op{cancel(confirmations(e.CaseID, e.ConfirmedAt))}
		}
	case residence.DeregistrationDecided:
		return []op{cancel(confirmations(e.CaseID, e.DecidedAt))}
	case procedure.CaseWithdrawn:
		return []op{cancel(confirmations(e.CaseID, e.WithdrawnAt))}
	case procedure.CaseTerminated:
		return []op{cancel(confirmations(e.CaseID, e.TerminatedAt))}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok && c.Kind == residence.Temporary {
		d := term(c.PersonID, c.RegistrationID, c.Now.Until)
		if c.Now.Open() {
			return []op{schedule(d)}
		}
		return []op{cancel(d)}
	}
	return nil
}

func term(p domain.PersonID, r domain.RegistrationID, until domain.Date) domain.Task {
	return domain.Task{Kind: domain.TaskTerm, Stream: p.Stream(), Item: r.String(), At: until.Start()}
}

func death(p domain.PersonID, at time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskDeath, Stream: p.Stream(), At: at}
}

func departure(p domain.PersonID, at time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskDeparture, Stream: p.Stream(), At: at}
}

// holder is the task of a transfer.
func holder(transfer domain.EventRef, at time.Time) domain.Task {
	return domain.Task{
		Kind: domain.TaskHolder, Stream: transfer.Stream, Item: strconv.FormatUint(transfer.Revision, 10), At: at,
	}
}

// decline is the task of a decline that ends an offer.
func decline(by domain.EventRef, at time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskDecline, Stream: by.Stream, Item: strconv.FormatUint(by.Revision, 10), At: at}
}

// iin is the task of a claim in the stream of an IIN.
func iin(stream string, at time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskIIN, Stream: stream, At: at}
}

// merge is the task of a merge in the stream of the record that is absorbed.
func merge(stream string, at time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskMerge, Stream: stream, At: at}
}

func dwellingEnd(d domain.DwellingID, at time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskDwelling, Stream: d.Stream(), At: at}
}

func ward(representative, minor domain.PersonID, at time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskWard, Stream: representative.Stream(), Item: minor.String(), At: at}
}

func proposal(d domain.DwellingID, id residence.ProposalID, by time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskProposal, Stream: d.Stream(), Item: id.String(), At: by}
}

func confirmations(id domain.CaseID, by time.Time) domain.Task {
	return domain.Task{Kind: domain.TaskConfirmations, Stream: id.Stream(), At: by}
}

var tasksQuery = query(`
return redis.call('ZRANGEBYSCORE', g .. ARGV[5], '-inf', ARGV[6], 'WITHSCORES', 'LIMIT', ARGV[7], ARGV[8])`)

// DueTasks returns tasks whose time has come at by, the oldest first: up to limit of those
// behind the first skip.
func (r *Reader) DueTasks(ctx context.Context, by time.Time, skip, limit int) ([]domain.Task, error) {
	data, _, err := r.read(ctx, tasksQuery, "", tasksKey, by.UnixMilli(), skip, pageSize(limit))
	if err != nil {
		return nil, err
	}
	var due []domain.Task
	flat := asTexts(data)
	for i := 0; i+1 < len(flat); i += 2 {
		parts := strings.Split(flat[i], "|")
		ms, err := strconv.ParseFloat(flat[i+1], 64)
		if err == nil && len(parts) != 3 {
			err = fmt.Errorf("%d parts", len(parts))
		}
		if err != nil {
			return nil, corrupt("task", err)
		}
		due = append(due, domain.Task{
			Kind: domain.TaskKind(parts[0]), Stream: parts[1], Item: parts[2], At: time.UnixMilli(int64(ms)).UTC(),
		})
	}
	return due, nil
}
