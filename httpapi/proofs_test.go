package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore"
)

func TestWhoeverHasThePublicKeyChecksHeadsAndProofs(t *testing.T) {
	r := start(t)
	s := r.at(t)
	auditor, owner := s.token(domain.RoleAuditor), s.citizen()
	event := "/v1/log/proofs/inclusion?event=residence-" + owner + "@0"
	for _, path := range []string{"/v1/log/head", "/v1/log/key", "/v1/log/proofs/consistency?from=1"} {
		s.get(path, "").refused(http.StatusServiceUnavailable, domain.CodeProofPending, "")
	}
	s.get(event, auditor).refused(http.StatusServiceUnavailable, domain.CodeProofPending, "")
	s.proven()
	public, err := proof.ParsePublic(s.get("/v1/log/key", "").is(http.StatusOK).id("key"))
	must(t, err)
	early := s.get("/v1/log/head", "", header{"Accept", "text/plain"}).is(http.StatusOK)
	first, err := public.Open(early.text)
	must(t, err)
	s.citizen()
	s.proven()
	note := s.get("/v1/log/head", "").is(http.StatusOK)
	newest, err := public.Open(note.id("note"))
	must(t, err)
	if newest.Size <= first.Size || int64(note.body["size"].(float64)) != newest.Size {
		t.Errorf("heads of %d and %d events", first.Size, newest.Size)
	}

	var included proof.Inclusion
	must(t, json.Unmarshal([]byte(s.get(event, auditor).is(http.StatusOK).text), &included))
	if head, err := included.Check(public); err != nil || head != newest {
		t.Errorf("the proof leads to %+v, %v", head, err)
	}
	var goesOn proof.Consistency
	must(t, json.Unmarshal([]byte(s.get("/v1/log/proofs/consistency?from="+jsonNumber(first.Size), "").is(200).text), &goesOn))
	if err := goesOn.Check(first, newest); err != nil {
		t.Error(err)
	}
	s.get("/v1/log/proofs/inclusion?event=residence-"+owner+"@77", auditor).
		refused(http.StatusNotFound, domain.CodeEventUnknown, "")
	s.get("/v1/log/proofs/inclusion?event=residence", auditor).
		refused(http.StatusUnprocessableEntity, domain.CodeEventRefFormat, "query.event")
	s.get("/v1/log/proofs/consistency?from=999999", "").refused(http.StatusNotFound, domain.CodeHeadUnknown, "")
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// forged appends to the stream a copy of its last event under another id, as somebody
// does who reaches the event store and has no keys.
func (r *registry) forged(stream string) domain.EventRef {
	r.t.Helper()
	ctx := context.Background()
	intruder, err := eventstore.Open(r.node.ConnectionString(), r.log)
	must(r.t, err)
	defer intruder.Close()
	var last eventstore.RawEvent
	for e, err := range intruder.ReadRaw(ctx, eventstore.RawRead{Stream: stream}) {
		must(r.t, err)
		last = e
	}
	last.ID = uuid.New()
	_, _, err = intruder.AppendRaw(ctx, stream, eventstore.Expected(last.Revision), []eventstore.RawEvent{last})
	must(r.t, err)
	return domain.EventRef{Stream: stream, Revision: last.Revision + 1}
}

func TestNobodyIsGivenANumberByAForgedEvent(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, other := s.list(), s.listOf("another body")
	holder, next, elsewhere := s.citizen(), s.citizen(), s.citizen()
	entry := entryPath(list, s.placed(s.applied(holder, list)).at("placement", "entry_id").(string))
	waiting, apart := s.applied(next, list), s.applied(elsewhere, other)
	forged := r.forged("queue-" + list)

	commission := s.token(domain.RoleCommission)
	s.command("/v1/cases/"+waiting+"/decision", commission, body{"outcome": "place", "examination": findings()}).
		refused(http.StatusServiceUnavailable, domain.CodeLogTampered, "")
	s.until("the forged event is in quarantine", func() bool {
		status, err := r.model.Status(context.Background())
		return err == nil && status.Quarantined == 1
	})
	s.get(entry, commission).refused(http.StatusServiceUnavailable, domain.CodeModelNotReady, "")
	ready := s.get("/readyz", "").is(http.StatusServiceUnavailable)
	if !strings.Contains(ready.text, `"log_tampered"`) || !strings.Contains(ready.text, forged.String()) {
		t.Errorf("/readyz says %s", ready.text)
	}
	if got := s.placed(apart).at("placement", "number"); got != float64(1) {
		t.Errorf("on another list the number is %v", got)
	}
}

func TestADocumentCarriesItsProofOnceAHeadCoversIt(t *testing.T) {
	r := start(t)
	s := r.at(t)
	holder := s.citizen()
	decided := s.placed(s.applied(holder, s.list()))
	path := "/v1/certificates/" + s.issued(decided, "placement_certificate")
	fresh := s.seen(path, s.as(holder), decided)
	if fresh.body["proof_follows"] != true || fresh.body["proof"] != nil {
		t.Errorf("before a head: %v, %v", fresh.body["proof_follows"], fresh.body["proof"])
	}
	s.proven()
	var shown struct {
		Proof        proof.Inclusion
		ProofFollows bool `json:"proof_follows"`
	}
	must(t, json.Unmarshal([]byte(s.get(path, s.as(holder)).is(http.StatusOK).text), &shown))
	if _, err := shown.Proof.Check(r.tree.Public()); err != nil || shown.ProofFollows {
		t.Errorf("%v, %+v", err, shown)
	}
	var issuing eventstore.RawEvent
	for e, err := range r.store.ReadRaw(t.Context(), eventstore.RawRead{
		Stream: shown.Proof.Event.Stream, From: &shown.Proof.Event.Revision, Limit: 1,
	}) {
		must(t, err)
		issuing = e
	}
	if issuing.Type != "PlacementCertified" || issuing.Record().Leaf() != shown.Proof.Leaf {
		t.Errorf("the proof is of %s@%d of type %s", issuing.Stream, issuing.Revision, issuing.Type)
	}
}

func TestAHistoryIsCheckedOfflineByItsBundle(t *testing.T) {
	r := start(t)
	s := r.at(t)
	auditor, person := s.token(domain.RoleAuditor), s.citizen()
	s.registered(person, s.dwelling(person), "2026-03-01", "")
	path := "/v1/persons/" + person + "/history"
	wanted := header{"Accept", proof.BundleType}
	s.get(path, auditor, wanted).refused(http.StatusServiceUnavailable, domain.CodeProofPending, "")
	s.proven()
	before := s.head()
	bundle := s.get(path, auditor, wanted, header{"Tizilim-Position", strconv.FormatUint(uint64(before), 10)}).is(http.StatusOK)
	if got := bundle.header.Get("Content-Type"); got != proof.BundleType {
		t.Errorf("Content-Type %s", got)
	}
	if notes := s.left(before); len(notes) != 1 {
		t.Errorf("the access log has %d entries of it", len(notes))
	}
	report, err := proof.CheckBundle(strings.NewReader(bundle.text), int64(len(bundle.text)), r.tree.Public())
	must(t, err)
	events := s.get(path, auditor).is(http.StatusOK).body["events"].([]any)
	if !report.Sound() || report.Proven != len(events) || report.Events != len(events) || len(events) < 2 {
		t.Errorf("%+v, and the history has %d events", report, len(events))
	}
}
