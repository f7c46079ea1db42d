package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/httpapi"
)

// probe is a read of a record that has only just been made.
type probe struct {
	path, token string
	body        any // where it is a POST
}

func (s *subtest) probed(p probe) *answer {
	method := http.MethodGet
	if p.body != nil {
		method = http.MethodPost
	}
	a, err := s.try(method, p.path, p.token, p.body)
	if err != nil {
		s.t.Error(err)
		return &answer{t: s.t}
	}
	return a
}

// fromTheLog are the operations that need no model to find a record.
var fromTheLog = []string{
	"search-person", "get-own-contacts", "get-representatives", "get-entry-numbers", "get-public-list", "get-body",
	"get-inclusion-proof", "get-case-comparison", "get-entry-comparison",
	"get-paper", "get-feed", "get-queue-diff", "get-queue-history", "get-body-history",
}

// showAll are the operations that name no record which may be missing: what they
// list may lag, as their position tells.
var showAll = []string{
	"list-cases", "list-duties", "get-my-services", "get-my-queue", "get-my-entries", "get-own-notices", "preview-signature", "list-bodies",
	"get-log-head", "get-log-key", "get-consistency-proof", "search-dwelling", "get-street-renaming", "list-stock",
	"list-queues", "get-requirements", "get-prefilled", "list-acts", "list-accesses", "get-feed-changes",
}

// everything makes one of every record and returns the reads of them, by
// operation.
func everything(s *subtest) map[string][]probe {
	auditor, commission, operator := s.token(
		domain.RoleAuditor,
	), s.token(
		domain.RoleCommission,
	), s.token(
		domain.RoleOperator,
	)
	iin := s.iin()
	person := s.command("/v1/persons", operator, body{"iin": iin, "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen"}).
		is(http.StatusCreated).
		id("person_id")
	own := s.as(person)
	home := s.dwelling(person)
	registered := s.registered(person, home, "2026-03-01", "").id("registration_id")
	list := s.list()
	caseID := s.applied(person, list)
	paperPath := "/v1/cases/" + caseID + "/papers"
	paperPath += "/" + s.upload(paperPath, own, "a.pdf", scan(9), s.key(), "document_type", "other").is(http.StatusCreated).id("paper_id")
	placement := s.placed(caseID).at("placement").(map[string]any)
	certificate, entry := placement["certificate_id"].(string), placement["entry_id"].(string)
	s.registered(person, s.dwelling(), "2026-03-02", "") // ends the first one
	sheet := s.command("/v1/persons/"+person+"/departure-sheets", own, body{"registration_id": registered}).
		is(http.StatusCreated).
		id("certificate_id")
	talon := certificates.TalonOf(parse[domain.CaseID](caseID)).String()
	number := s.numberOf(caseID, domain.S000)
	paperNumber := certificates.Document{
		ID: parse[domain.CertificateID](certificate), Service: domain.S000, IssuedAt: s.clock.Now(),
	}.Number()
	office, _ := s.office("desk-2", body{"kind": "desk", "names": bodyNames, "territory": []string{astanaKATO}})
	_, consumer := s.consumer("tax-1", allowanceOf("iin"))
	s.proven()
	code := checkKey.Code(parse[domain.CertificateID](certificate), 1).Grouped()
	return map[string][]probe{
		"search-person": {{"/v1/persons/search", operator, body{"purpose": "service", "iin": iin}}},
		"search-case":   {{"/v1/cases/search", auditor, seeks(body{"number": number})}},
		"search-certificate": {
			{"/v1/certificates/search", auditor, seeks(body{"number": number})},
			{"/v1/certificates/search", commission, seeks(body{"number": paperNumber})},
		},
		"get-own-contacts":    {{"/v1/me/contacts", own, nil}},
		"get-representatives": {{"/v1/persons/" + person + "/representatives", auditor, nil}},
		"get-case":            {{"/v1/cases/" + caseID, own, nil}, {"/v1/cases/" + caseID, auditor, nil}},
		"get-certificate": {
			{"/v1/certificates/" + certificate, own, nil},
			{"/v1/certificates/" + sheet, own, nil},
			{"/v1/certificates/" + talon, auditor, nil},
		},
		"check-certificate":    {{"/v1/certificates/check/" + code, "", nil}},
		"get-entry":            {{entryPath(list, entry), own, nil}, {entryPath(list, entry), commission, nil}},
		"get-entry-numbers":    {{entryPath(list, entry) + "/numbers", own, nil}},
		"get-case-comparison":  {{"/v1/cases/" + caseID + "/comparison", commission, nil}},
		"get-entry-comparison": {{entryPath(list, entry) + "/comparison", commission, nil}},
		"list-entries":         {{"/v1/queues/" + list + "/entries", commission, nil}},
		"get-public-list":      {{"/v1/queues/" + list + "/public", own, nil}},
		"list-queues":          {{"/v1/queues", own, nil}},
		"get-paper":            {{paperPath, own, nil}, {paperPath, auditor, nil}},
		"get-case-file":        {{"/v1/cases/" + caseID + "/file", own, nil}, {"/v1/cases/" + caseID + "/file", auditor, nil}},
		"get-queue":            {{"/v1/queues/" + list, own, nil}},
		"get-person-residence": {
			{"/v1/persons/" + person + "/residence", own, nil},
			{"/v1/persons/" + person + "/residence", operator, nil},
		},
		"get-dwelling-residents": {
			{"/v1/dwellings/" + home + "/residents", auditor, nil},
			{"/v1/dwellings/" + home + "/residents?as_of=2026-03-01", own, nil},
		},
		"get-person-history":   {{"/v1/persons/" + person + "/history", auditor, nil}},
		"get-dwelling-history": {{"/v1/dwellings/" + home + "/history", auditor, nil}},
		"get-case-history":     {{"/v1/cases/" + caseID + "/history", auditor, nil}},
		"get-queue-history":    {{"/v1/queues/" + list + "/history", auditor, nil}},
		"get-queue-diff":       {{"/v1/queues/" + list + "/diff?from=2026-03-01&to=2026-12-31", auditor, nil}},
		"get-person-accesses":  {{"/v1/persons/" + person + "/accesses", auditor, nil}},
		"get-body-history":     {{"/v1/bodies/" + office + "/history", auditor, nil}},
		"list-acts":            {{"/v1/acts?account=desk-2", auditor, nil}},
		"list-accesses":        {{"/v1/accesses?account=desk-2", auditor, nil}},
		"get-me":               {{"/v1/me", own, nil}},
		"get-my-accesses":      {{"/v1/me/accesses", own, nil}},
		"list-cases":           {{"/v1/cases?overdue=true", auditor, nil}},
		"list-duties":          {{"/v1/duties", operator, nil}, {"/v1/duties", auditor, nil}},
		"get-my-services":      {{"/v1/me/services", own, nil}},
		"get-my-queue":         {{"/v1/me/queue", own, nil}},
		"get-my-entries":       {{"/v1/me/entries", own, nil}},
		"get-own-notices":      {{"/v1/me/notices", own, nil}},
		"get-requirements":     {{"/v1/services/s000/requirements?channel=portal", "", nil}},
		"preview-signature":    nil, // of what is sent
		"keep-draft":           nil, // the same
		"get-draft":            nil, // outside of log and model
		"discard-draft":        nil,
		"get-prefilled":        {{draftPath + "/prefilled", own, nil}},
		"search-dwelling":      {{"/v1/dwellings/search", operator, body{"address": "Астана"}}},
		"get-street-renaming":  nil, // in the log alone
		"get-body":             {{"/v1/bodies/" + office, auditor, nil}},
		"list-bodies":          {{"/v1/bodies", own, nil}},
		"list-stock":           {{"/v1/bodies/" + ownCommission + "/stock", auditor, nil}},
		"get-feed":             {{"/v1/feed", consumer, nil}},
		"get-feed-changes": {{"/v1/feed/changes", consumer, body{
			"purpose": "service", "persons": []string{person}}}},
		"get-inclusion-proof":   {{"/v1/log/proofs/inclusion?event=residence-" + person + "@0", auditor, nil}},
		"get-log-head":          {{"/v1/log/head", "", nil}},
		"get-log-key":           {{"/v1/log/key", "", nil}},
		"get-consistency-proof": {{"/v1/log/proofs/consistency?from=1", "", nil}},
	}
}

func TestARecordOfTheLogIsNeverNotFound(t *testing.T) {
	r, model, head := late(t)
	s := r.at(t)
	model.close()
	reads := everything(s)
	for _, op := range httpapi.Operations(r.server) {
		if _, ok := reads[op.ID]; !ok && !op.Changes() {
			t.Errorf("the operation %s reads, and nothing here reads by it", op.ID)
		}
	}
	// each reads by all of them at once.
	each := func(judge func(id string, p probe, a *answer)) {
		var all sync.WaitGroup
		for id, probes := range reads {
			for _, p := range probes {
				all.Go(func() { judge(id, p, s.probed(p)) })
			}
		}
		all.Wait()
	}
	each(func(id string, p probe, a *answer) {
		switch finds := slices.Contains(fromTheLog, id) || slices.Contains(showAll, id); {
		case finds && a.status != http.StatusOK:
			t.Errorf("%s: %d %s", p.path, a.status, a.text)
		case !finds && (a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.body["code"] != string(domain.CodeModelBehind)):
			t.Errorf("%s, while the model is behind: %d %s", p.path, a.status, a.text)
		}
	})
	before := head.looks.Load()
	var opened sync.WaitGroup
	opened.Go(func() { // while they wait
		r.until("somebody looks where the log ends", func() bool { return head.looks.Load() > before })
		model.open()
	})
	each(func(_ string, p probe, a *answer) {
		if a.status != http.StatusOK {
			t.Errorf("%s, as the model comes: %d %s", p.path, a.status, a.text)
		}
	})
	opened.Wait()
	noted := map[string]int{}
	person := strings.Split(reads["get-person-residence"][0].path, "/")[3]
	for _, rec := range s.stream(accesslog.Stream(parse[domain.PersonID](person))) {
		noted[rec.Event.(accesslog.PersonalDataRead).Operation]++
	}
	// Those that were told 503 were shown nothing, and a second look is no second
	// read. Who found a dwelling or a list before its owner or entry saw nobody.
	most := map[string]int{
		"search-person": 2, "get-representatives": 2, "get-case-comparison": 2, "get-entry-comparison": 2,
		"get-case": 1, "get-case-file": 1, "get-paper": 2, "search-case": 1, "search-certificate": 2, "get-certificate": 1, "get-entry": 1,
		"list-entries": 1, "get-feed": 2, "get-feed-changes": 2,
		"get-person-residence": 1, "get-dwelling-residents": 1, "get-person-history": 1, "get-dwelling-history": 1,
		"get-case-history": 1, "get-queue-history": 2, "get-queue-diff": 2, "get-person-accesses": 1, "list-acts": 1, "list-accesses": 1,
	}
	for id, n := range noted {
		if n > most[id] {
			t.Errorf("%s is noted %d times", id, n)
		}
	}
	if noted["get-person-residence"] != 1 || noted["get-case"] != 1 || noted["get-entry"] != 1 {
		t.Errorf("what was shown is not noted: %v", noted)
	}
}

// The same, as clients meet it: one process, one read right after one command.
func TestAReadRightAfterACommandFindsWhatItMade(t *testing.T) {
	s := start(t).at(t)
	auditor := s.token(domain.RoleAuditor)
	for range 200 {
		s.get("/v1/persons/"+s.citizen()+"/residence", auditor).is(http.StatusOK)
		s.get("/v1/dwellings/"+s.dwelling()+"/residents", auditor).is(http.StatusOK)
	}
}

func TestWhatDoesNotExistIsConfirmedInTheLog(t *testing.T) {
	r, model, head := late(t)
	s := r.at(t)
	auditor, person := s.token(domain.RoleAuditor), s.citizen()
	unknown := func() string { return "/v1/persons/" + uuid.NewString() + "/residence" }
	s.get(unknown(), auditor).refused(http.StatusNotFound, domain.CodePersonUnknown, "")
	own := s.get("/v1/persons/"+person+"/residence", s.as(person)).is(http.StatusOK).text

	// What is found costs no look at the log, whatever the log does.
	head.fail(
		domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable, "the event store does not answer now; ask again"),
	)
	before := head.looks.Load()
	if again := s.get("/v1/persons/"+person+"/residence", s.as(person)).is(http.StatusOK).text; again == "" ||
		len(again) != len(own) {
		t.Errorf("first %s, then %s", own, again)
	}
	if n := head.looks.Load() - before; n != 0 {
		t.Errorf("a record that was found cost %d looks at the log", n)
	}
	// What is not found cannot be confirmed, and is not said.
	s.get(unknown(), auditor).refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
	s.get("/v1/certificates/check/"+checkKey.Code(domain.CertificateID{UUID: uuid.New()}, 1).Grouped(), "").
		refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
	// What is another's is told from what does not exist by nothing: both are refused by
	// the id of the caller alone, and need no look at the log.
	stranger := s.as(s.citizen())
	before = head.looks.Load()
	others := s.get("/v1/persons/"+person+"/residence", stranger).
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	nobodys := s.get(unknown(), stranger).refused(http.StatusNotFound, domain.CodeNotFound, "")
	if n := head.looks.Load() - before; n != 0 || others.text != nobodys.text {
		t.Errorf("another's %s, nobody's %s, with %d looks at the log", others.text, nobodys.text, n)
	}
	head.fail(nil)
	s.get("/v1/persons/"+person+"/residence", stranger).refused(http.StatusNotFound, domain.CodeNotFound, "")
	// A command awaits what it names.
	model.close()
	s.citizen()
	s.command("/v1/certificates/"+uuid.NewString()+"/duplicate", s.token(domain.RoleOperator), body{}).
		refused(http.StatusServiceUnavailable, domain.CodeModelBehind, "")
	// What the log itself does not hold needs no model to be believed.
	s.send("POST", "/v1/persons/search", s.token(domain.RoleOperator), body{"purpose": "service", "iin": s.iin()}).
		refused(http.StatusNotFound, domain.CodePersonUnknown, "iin")
	s.get(entryPath(uuid.NewString(), uuid.NewString())+"/numbers", auditor).
		refused(http.StatusNotFound, domain.CodeListUnknown, "")
	model.open()
	s.command("/v1/certificates/"+uuid.NewString()+"/duplicate", s.token(domain.RoleOperator), body{}).
		refused(http.StatusNotFound, domain.CodeCertificateUnknown, "")
}

func TestAThousandWhoFindNothingShareTheirLooks(t *testing.T) {
	r, _, head := late(t)
	s := r.at(t)
	auditor := s.token(domain.RoleAuditor)
	head.takes = 20 * time.Millisecond
	before, began := head.looks.Load(), time.Now()
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if a := s.probed(probe{path: "/v1/dwellings/" + uuid.NewString() + "/residents", token: auditor}); a.status != http.StatusNotFound {
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
	all.Wait()
	most := int64(time.Since(began)/head.takes) + 1 // one after the other
	if n := head.looks.Load() - before; n > most {
		t.Errorf("they cost %d looks at the log in %v", n, time.Since(began))
	}
}
