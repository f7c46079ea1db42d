package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

// relation is how somebody stands to the records of a world.
type relation string

const (
	own       relation = "own"        // the citizen whom the record is about; the account that acted on it
	sameBody  relation = "same body"  // another account of that body, or of a body of that territory
	otherBody relation = "other body" // of the same kind
	above     relation = "above"      // the body that decides the complaints
	official  relation = "official"   // an account of that body, of the person whom the record is about
	elsewhere relation = "elsewhere"  // an account of another body of the kind, of the person whom the record is about
	family    relation = "family"     // an account of that body, of somebody in the family of the person
	party     relation = "party"      // a citizen whom the record names beside its owner
	stranger  relation = "stranger"   // a citizen whom it does not name
	everybody relation = "everybody"  // of a role that has no relations
)

// actor is somebody with a relation to the records of a world.
type actor struct {
	role     domain.Role
	relation relation
	token    string
}

// matters is a world: the records of one family, with everybody who may stand in a
// relation to them.
type matters struct {
	*subtest
	actors  []actor
	address map[operation.Subject][]string // what fills the parameters of a path, by subject
	person  string                         // holder of the entry, owner of the dwelling
	list    string
}

// astanaKATO and almatyKATO are two territories.
const (
	astanaKATO = "710000000"
	almatyKATO = "750000000"
)

func newMatters(s *subtest) matters {
	w := matters{subtest: s, address: map[operation.Subject][]string{}}
	iin := s.iin()
	w.person = s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iin, "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
	iinOfSpouse := s.iin()
	spouse := s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iinOfSpouse, "name": "Дәурен", "birth_date": "1989-02-11", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")

	ministry, reviewing := s.commission("ministry-1")
	id, first := s.office("astana-1", commissionOf().with(body{"parent_id": ministry}))
	second := s.member(id, domain.RoleCommission, "astana-2", s.iin())
	relative := s.member(id, domain.RoleCommission, "astana-3", iin)
	ofSpouse := s.member(id, domain.RoleCommission, "astana-4", iinOfSpouse)
	foreignID, foreign := s.commission("almaty-1")
	w.actors = []actor{
		{domain.RoleCitizen, own, s.as(w.person)}, {domain.RoleCitizen, party, s.as(spouse)},
		{domain.RoleCitizen, stranger, s.as(s.citizen())},
		{domain.RoleCommission, own, first}, {domain.RoleCommission, sameBody, second},
		{domain.RoleCommission, official, relative}, {domain.RoleCommission, family, ofSpouse},
		{domain.RoleCommission, otherBody, foreign},
		{domain.RoleCommission, elsewhere, s.member(foreignID, domain.RoleCommission, "almaty-2", iin)},
		{domain.RoleCommission, above, reviewing},
		{domain.RoleAdministrator, everybody, s.token(domain.RoleAdministrator)},
	}
	for role, kind := range map[domain.Role]string{
		domain.RoleOperator: "desk", domain.RoleProvider: "provider", domain.RoleAuditor: "audit",
	} {
		of := func(place string) body {
			return body{"kind": kind, "names": bodyNames, "territory": []string{place}}
		}
		near, here := s.office(kind+"-astana-1", of(astanaKATO))
		farID, far := s.office(kind+"-almaty-1", of(almatyKATO))
		w.actors = append(w.actors, actor{role, sameBody, here}, actor{role, otherBody, far},
			actor{role, official, s.member(near, role, kind+"-astana-2", iin)},
			actor{role, elsewhere, s.member(farID, role, kind+"-almaty-2", iin)},
			actor{role, everybody, s.token(role)})
	}

	w.list = s.command("/v1/queues", first, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	wish := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(w.person, w.list).with(
		body{"family": []body{{"person_id": spouse, "relation": "spouse"}}})).is(http.StatusCreated).id("case_id")
	s.command("/v1/cases/"+wish+"/member-consent", s.as(spouse), body{"given": true}).is(http.StatusOK)
	placed := s.command("/v1/cases/"+wish+"/decision", first, placing).is(http.StatusOK)
	entry := placed.at("placement", "entry_id").(string)
	home := s.dwelling(w.person)
	w.address = map[operation.Subject][]string{
		operation.OfList:        {w.list},
		operation.OfEntry:       {w.list, entry},
		operation.OfCase:        {wish},
		operation.OfPerson:      {w.person},
		operation.OfDwelling:    {home},
		operation.OfCertificate: {s.issued(placed, "placement_certificate")},
		operation.OfBody:        {id},
	}
	return w
}

// member opens one more account of a body.
func (s *subtest) member(id string, role domain.Role, account, iin string) string {
	s.t.Helper()
	s.joins(id, account, iin)
	return s.tokenOf(token.Principal{Role: role, Account: account, BodyID: parse[domain.BodyID](id)})
}

// wrong calls an operation with a request that is wrong in every way but its address:
// whoever may act on the record learns that, and nobody else does.
func (w matters) wrong(op route, bearer string) *answer {
	w.t.Helper()
	var sent any
	if op.Method == "POST" {
		sent = `{"iin": "1"`
	}
	return w.send(op.Method, w.path(op)+"?nonsense=1;", bearer, sent, header{"Content-Type", "text/plain"},
		header{"If-Match", "x"})
}

// TestEveryOperationAsksForTheRelationOfTheCaller walks every operation with every role
// in every relation to its record.
func TestEveryOperationAsksForTheRelationOfTheCaller(t *testing.T) {
	r := start(t)
	w := newMatters(r.at(t))
	before := w.head()
	for _, op := range w.operations() {
		if slices.Contains(op.Roles, operation.Anyone) {
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			w := w
			w.subtest = r.at(t)
			for _, who := range w.actors {
				status, code := may(op, who)
				a := w.wrong(op, who.token)
				if a.status != status || a.body["code"] != string(code) {
					t.Errorf("%s, %s: %d %v, want %d %s", who.role, who.relation, a.status, a.body["code"], status, code)
				}
			}
		})
	}
	if w.head() != before {
		t.Error("a wrong request has left something in the log")
	}
}

// may says what the rules of the registry answer to a wrong request.
func may(op route, who actor) (int, domain.Code) {
	passed := func(ok bool, status int, code domain.Code) (int, domain.Code) {
		if ok {
			return http.StatusBadRequest, domain.CodeMalformed
		}
		return status, code
	}
	if !slices.Contains(op.Roles, who.role) {
		return http.StatusForbidden, domain.CodeRoleNotAllowed
	}
	if !op.Of.Recorded() || op.Of == operation.OfBody {
		return passed(true, 0, "")
	}
	named := slices.Contains([]operation.Subject{
		operation.OfEntry, operation.OfCase, operation.OfPerson, operation.OfDwelling, operation.OfCertificate,
	}, op.Of)
	far := who.relation == otherBody || who.relation == elsewhere
	asksKeeperFirst := who.role == domain.RoleCommission && op.Of == operation.OfEntry
	switch {
	case who.role == domain.RoleCitizen:
		byCase := op.Of == operation.OfCase || op.Of == operation.OfCertificate
		return passed(who.relation == own || who.relation == party && byCase, http.StatusNotFound, domain.CodeNotFound)
	case who.relation == official && named && op.Changes(),
		who.relation == elsewhere && named && op.Changes() && !asksKeeperFirst:
		return http.StatusForbidden, domain.CodeOwnMatter
	case who.relation == family && op.Changes() && slices.Contains([]operation.Subject{
		operation.OfEntry, operation.OfCase, operation.OfCertificate,
	}, op.Of): // these name the family, too
		return http.StatusForbidden, domain.CodeOwnMatter
	case who.role == domain.RoleCommission && op.Of != operation.OfPerson && op.Of != operation.OfDwelling:
		decides := op.ID == "complaint-decision" || op.ID == "entry-complaint-decision"
		return passed(!far && (who.relation != above || !op.Changes() || decides),
			http.StatusForbidden, domain.CodeNotYourBody)
	case op.Of == operation.OfDwelling && who.role != domain.RoleCommission:
		return passed(!far, http.StatusForbidden, domain.CodeNotYourTerritory)
	}
	return passed(true, 0, "")
}

// TestAPurposeOpensReadsBeyondTheTerritoryAndNoCommand.
func TestAPurposeOpensReadsBeyondTheTerritoryAndNoCommand(t *testing.T) {
	w := newMatters(start(t).at(t))
	purposes := map[domain.Role]string{
		domain.RoleOperator: "service", domain.RoleProvider: "service", domain.RoleAuditor: "audit",
	}
	reads, commands := 0, 0
	for _, op := range w.operations() {
		for _, who := range w.actors {
			purpose := purposes[who.role]
			if op.Of != operation.OfDwelling || who.relation != otherBody || purpose == "" || !slices.Contains(op.Roles, who.role) {
				continue
			}
			var sent any
			if op.Method == "POST" {
				sent = body{}
			}
			stated, named := header{"Tizilim-Purpose", purpose}, header{"Tizilim-Reference", "17-304"}
			for what, headers := range map[string][]header{"a purpose alone": {stated}, "a purpose with its reference": {stated, named}} {
				a := w.send(op.Method, w.path(op), who.token, sent, append(headers, header{"Idempotency-Key", w.key()})...)
				said, _ := a.body["detail"].(string)
				switch {
				case op.Changes():
					commands++
					a.refused(http.StatusForbidden, domain.CodeNotYourTerritory, "")
					if !strings.Contains(said, "send the person to the body of that place") {
						t.Errorf("%s, %s, %s: told %q", op.ID, who.role, what, said)
					}
				case len(headers) == 1:
					a.refused(http.StatusForbidden, domain.CodeNotYourTerritory, "")
					if !strings.Contains(said, "Tizilim-Reference") {
						t.Errorf("%s, %s, %s: told %q", op.ID, who.role, what, said)
					}
				default:
					reads++
					a.is(http.StatusOK)
				}
			}
		}
	}
	if reads == 0 || commands == 0 {
		t.Fatalf("%d reads and %d commands were tried", reads, commands)
	}
}

func TestACaseAboutADwellingIsOfTheDesksThere(t *testing.T) {
	w := newMatters(start(t).at(t))
	guest, home := w.citizen(), w.address[operation.OfDwelling][0]
	w.registered(guest, home, "2026-01-01", "")
	out := w.command("/v1/deregistrations", w.as(w.person), removal(w.person, home, guest)).is(http.StatusCreated)
	w.address[operation.OfCase] = []string{out.id("case_id")}
	w.actors = append(w.actors, actor{domain.RoleCitizen, own, w.as(guest)})
	near, far := 0, 0
	for _, op := range w.operations() {
		for _, who := range w.actors {
			if op.Of != operation.OfCase || !slices.Contains(op.Roles, who.role) || who.role == domain.RoleCommission {
				continue
			}
			switch who.relation {
			case own, sameBody:
				near++
				w.wrong(op, who.token).refused(http.StatusBadRequest, domain.CodeMalformed, "")
			case otherBody:
				far++
				w.wrong(op, who.token).refused(http.StatusForbidden, domain.CodeNotYourTerritory, "")
			}
		}
	}
	if near == 0 || far == 0 {
		t.Fatalf("%d calls from there and %d from elsewhere", near, far)
	}
}

// TestReadsAboutSomebodyFromElsewhereNeedAPurpose: where a person is registered and where a
// commission acts is territory too.
func TestReadsAboutSomebodyFromElsewhereNeedAPurpose(t *testing.T) {
	s := start(t).at(t)
	w := matters{subtest: s, address: map[operation.Subject][]string{}}
	here, far := map[domain.Role]string{}, map[domain.Role]string{}
	bodies := map[domain.Role]string{
		domain.RoleOperator: "desk", domain.RoleProvider: "provider", domain.RoleAuditor: "audit",
		domain.RoleCommission: "commission",
	}
	for role, kind := range bodies {
		of := func(place string) body {
			return body{"kind": kind, "names": bodyNames, "territory": []string{place}}
		}
		_, here[role] = s.office(kind+"-astana-1", of(astanaKATO))
		_, far[role] = s.office(kind+"-almaty-1", of(almatyKATO))
	}
	owner, person := s.citizen(), s.citizen()
	home := s.dwelling(owner) // in Astana
	s.registered(person, home, "2026-01-01", "")
	list := s.command("/v1/queues", here[domain.RoleCommission], body{"settlement": "Астана", "title": "t"}).
		is(http.StatusCreated).id("list_id")
	wish := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(person, list)).
		is(http.StatusCreated).id("case_id")
	placed := s.command("/v1/cases/"+wish+"/decision", here[domain.RoleCommission], placing).is(http.StatusOK)
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, person).with(body{"departure_sheet": true})).
		is(http.StatusCreated)
	back := s.dwelling()
	s.registered(person, back, "2026-03-15", "")
	withPaper := func(caseID string) []string {
		return []string{caseID, s.upload("/v1/cases/"+caseID+"/papers", s.token(domain.RoleOperator), "a.pdf", scan(9), s.key(),
			"document_type", "other").is(http.StatusCreated).id("paper_id")}
	}
	records := map[string]struct {
		of      operation.Subject
		address []string
	}{
		"the person":         {operation.OfPerson, []string{person}},
		"the dwelling":       {operation.OfDwelling, []string{home}},
		"the list":           {operation.OfList, []string{list}},
		"the entry":          {operation.OfEntry, []string{list, placed.at("placement", "entry_id").(string)}},
		"the application":    {operation.OfCase, withPaper(wish)},
		"the certificate":    {operation.OfCertificate, []string{s.issued(placed, "placement_certificate")}},
		"the deregistration": {operation.OfCase, withPaper(out.id("case_id"))},
		"its sheet":          {operation.OfCertificate, []string{s.issued(out, "departure_sheet")}},
	}
	why := []header{{"Tizilim-Purpose", "court_request"}, {"Tizilim-Reference", "2-114/26"}}
	tried := map[domain.Role]int{}
	for what, record := range records {
		w.address[record.of] = record.address
		for _, op := range w.operations() {
			if op.Of != record.of || op.Changes() || op.Method != http.MethodGet {
				continue
			}
			for role := range bodies {
				if !slices.Contains(op.Roles, role) {
					continue
				}
				tried[role]++
				commission := role == domain.RoleCommission
				deregistered := what == "the deregistration" || what == "its sheet"
				if deregistered && op.ID == "get-case-comparison" { // it is of applications for housing
					continue
				}
				code := domain.CodeNotYourTerritory
				if commission && !deregistered && op.Of != operation.OfPerson && op.Of != operation.OfDwelling {
					code = domain.CodeNotYourBody
				}
				w.send(op.Method, w.path(op), far[role], nil).refused(http.StatusForbidden, code, "")
				beyond := w.send(op.Method, w.path(op), far[role], nil, why...)
				if code == domain.CodeNotYourBody {
					beyond.refused(http.StatusForbidden, code, "")
				} else {
					beyond.is(http.StatusOK)
				}
				w.send(op.Method, w.path(op), here[role], nil).is(http.StatusOK)
			}
		}
	}
	for role := range bodies {
		if tried[role] < 4 {
			t.Errorf("%s: %d reads were tried", role, tried[role])
		}
	}
}

// TestC12_AComplaintIsDecidedByTheBodyItselfUntilItIsForwardedAndThenByTheBodyAbove: a
// complaint about a refusal, and one about a removal.
func TestC12_AComplaintIsDecidedByTheBodyItselfUntilItIsForwardedAndThenByTheBodyAbove(t *testing.T) {
	s := start(t).at(t)
	ministry, above := s.commission("ministry-1")
	id, keeper := s.office("astana-1", commissionOf().with(body{"parent_id": ministry}))
	colleague := s.member(id, domain.RoleCommission, "astana-2", s.iin())
	list := s.command("/v1/queues", keeper, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	apply := func(person string) string {
		return s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(person, list)).
			is(http.StatusCreated).id("case_id")
	}
	refused, removed := s.citizen(), s.citizen()
	wish := "/v1/cases/" + apply(refused)
	for _, st := range longWay()[2:7] {
		sent := st.body
		if sent == nil {
			sent = body{}
		}
		s.command(wish+"/"+st.name, keeper, sent).is(http.StatusOK)
	}
	placed := s.command("/v1/cases/"+apply(removed)+"/decision", keeper, placing).is(http.StatusOK)
	entry := entryPath(list, placed.at("placement", "entry_id").(string))
	s.command(entry+"/review", keeper, body{"note": "n"}).is(http.StatusOK)
	s.command(entry+"/removal", keeper, removing).is(http.StatusOK)

	for record, person := range map[string]string{wish: refused, entry: removed} {
		s.command(record+"/complaint", s.as(person), body{"grounds": "it is not so"}).is(http.StatusOK)
		before := s.head()
		for _, outcome := range []string{"satisfied_by_body", "act_annulled"} {
			s.command(record+"/complaint-decision", above, body{"outcome": outcome, "reasons": "r"}).
				refused(http.StatusForbidden, domain.CodeNotYourBody, "")
		}
		if s.changed(before) {
			t.Error("the body above has decided what was not forwarded to it")
		}
		s.command(record+"/complaint-forwarding", keeper, body{"to": "ministry"}).is(http.StatusOK)
		annulled := body{"outcome": "act_annulled", "reasons": "r"}
		s.command(record+"/complaint-decision", colleague, annulled).
			refused(http.StatusForbidden, domain.CodeNotYourBody, "")
		s.command(record+"/complaint-decision", above, annulled).is(http.StatusOK)
	}
}

// TestALetDwellingIsOfItsBodyAndNotOfItsHolder: neither an official who lives there nor a
// desk of another place acts on it.
func TestALetDwellingIsOfItsBodyAndNotOfItsHolder(t *testing.T) {
	s := start(t).at(t)
	iin := s.iin()
	holder := s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iin, "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
	keeper, colleague := s.commission("astana-1")
	own := s.member(keeper, domain.RoleCommission, "astana-2", iin)
	_, foreign := s.commission("almaty-1")
	_, far := s.office("desk-almaty", body{"kind": "desk", "names": bodyNames, "territory": []string{almatyKATO}})
	list := s.command("/v1/queues", colleague, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	wish := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(holder, list)).
		is(http.StatusCreated).id("case_id")
	placed := s.command("/v1/cases/"+wish+"/decision", colleague, placing).is(http.StatusOK)
	home := s.stocked(s.dwelling(), colleague)
	s.command(entryPath(list, placed.at("placement", "entry_id").(string))+"/provision", colleague, body{
		"dwelling_id": home, "useful_area": 30, "rooms": 1, "minutes": body{"number": "12"},
		"need_check": body{"on": "2026-03-15", "source": "documents", "in_need": true},
	}).is(http.StatusOK)

	w := matters{subtest: s, address: map[operation.Subject][]string{operation.OfDwelling: {home}}}
	tried := map[domain.Role]int{}
	for _, op := range w.operations() {
		if op.Of != operation.OfDwelling || !op.Changes() {
			continue
		}
		if slices.Contains(op.Roles, domain.RoleCommission) {
			tried[domain.RoleCommission]++
			w.wrong(op, own).refused(http.StatusForbidden, domain.CodeOwnMatter, "")
			w.wrong(op, foreign).refused(http.StatusForbidden, domain.CodeNotYourBody, "")
			w.wrong(op, colleague).refused(http.StatusBadRequest, domain.CodeMalformed, "")
		}
		if slices.Contains(op.Roles, domain.RoleOperator) {
			tried[domain.RoleOperator]++
			w.wrong(op, far).refused(http.StatusForbidden, domain.CodeNotYourTerritory, "")
		}
	}
	if len(tried) != 2 {
		t.Fatalf("tried %v", tried)
	}
}

// TestNobodyActsAsAnOfficialForThemselves where only the body of the request says whom it is
// about, or a document of their own.
func TestNobodyActsAsAnOfficialForThemselves(t *testing.T) {
	s := start(t).at(t)
	iin := s.iin()
	own := s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iin, "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
	// The dwellings of tests are at 711310000.
	_, desk, _ := s.officeOf("desk-1", body{"kind": "desk", "names": bodyNames, "territory": []string{"710000000"}}, iin)
	colleague := s.token(domain.RoleOperator)
	other, home, list := s.citizen(), s.dwelling(), s.list()
	guest := s.citizen()
	s.registered(guest, home, "2026-01-01", "")
	place := body{"rka": rka(), "kato": "711310000", "address": "Астана, Мәңгілік Ел даңғылы, 8, 13-пәтер"}
	s.registered(own, home, "2026-01-01", "")
	moved := s.registered(own, s.dwelling(), "2026-03-01", "")
	sheet := s.sheetOf(own, moved.at("ended", 0).(string), colleague).is(http.StatusCreated)
	for what, act := range map[string]struct {
		path string
		body body
	}{
		"registers themselves":   {"/v1/registrations", registration(own, home, "2026-03-10", "")},
		"applies for a dwelling": {"/v1/housing-applications", application(own, list)},
		"is in the family of who applies": {"/v1/housing-applications", application(other, list).with(
			body{"family": []body{{"person_id": own, "relation": "spouse"}}})},
		"records a dwelling of their own": {"/v1/dwellings", place.with(body{"owners": []body{{"person_id": own}}})},
		"has one removed from a dwelling": {"/v1/deregistrations", removal(own, home, guest).with(body{
			"channel": "state_corporation", "signature": body{"method": "handwritten"}})},
		"issues their own sheet again": {"/v1/certificates/" + sheet.id("certificate_id") + "/duplicate", body{}},
	} {
		t.Run(what, func(t *testing.T) {
			s := s.at(t)
			s.command(act.path, desk, act.body).refused(http.StatusForbidden, domain.CodeOwnMatter, "")
		})
	}
	// The same desk may do so for others.
	s.command("/v1/registrations", desk, registration(other, home, "2026-03-10", "")).is(http.StatusCreated)
	s.command("/v1/housing-applications", desk, application(other, list)).is(http.StatusCreated)
	s.command("/v1/dwellings", desk, place.with(body{"owners": []body{{"person_id": other}}})).is(http.StatusCreated)
	s.seen("/v1/certificates/"+sheet.id("certificate_id"), desk, sheet)
}

// TestAnothersRecordIsAsOneThatDoesNotExist to every operation that citizens call and
// every header.
func TestAnothersRecordIsAsOneThatDoesNotExist(t *testing.T) {
	r := start(t)
	w := newMatters(r.at(t))
	nowhere := w
	nowhere.address = nil // ids that name nothing
	bearer := w.as(w.citizen())
	calls := map[string]struct {
		query   string
		body    any
		headers []header
	}{
		"a wrong body":      {"", `{"iin": "1"`, []header{{"Idempotency-Key", "k"}}},
		"no key":            {"", body{}, nil},
		"a dry run":         {"?dry_run=true", body{}, []header{{"Idempotency-Key", "k"}}},
		"a wrong revision":  {"", body{}, []header{{"Idempotency-Key", "k"}, {"If-Match", "x"}}},
		"another revision":  {"", body{}, []header{{"Idempotency-Key", "k"}, {"If-Match", `"99"`}}},
		"the first of all":  {"", body{}, []header{{"Idempotency-Key", "k"}, {"If-Match", `"0"`}}},
		"a wrong position":  {"", nil, []header{{"Tizilim-Position", "x"}}},
		"a late position":   {"", nil, []header{{"Tizilim-Position", "99999999999"}}},
		"an unknown query":  {"?nonsense=1", nil, nil},
		"another language":  {"?language=xx", nil, []header{{"Accept", "application/pdf"}}},
		"a page in a cache": {"", nil, []header{{"If-None-Match", `"0"`}}},
		"a wrong purpose":   {"", nil, []header{{"Tizilim-Purpose", "x"}, {"Tizilim-Reference", "%zz"}}},
	}
	for _, op := range w.operations() {
		if !slices.Contains(op.Roles, domain.RoleCitizen) || !op.Of.Recorded() {
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			s := r.at(t)
			for name, c := range calls {
				if (op.Method == "POST") != (c.body != nil) {
					continue
				}
				others := s.send(op.Method, w.path(op)+c.query, bearer, c.body, c.headers...).
					refused(http.StatusNotFound, domain.CodeNotFound, "")
				none := s.send(op.Method, nowhere.path(op)+c.query, bearer, c.body, c.headers...)
				others.header.Del("Date")
				none.header.Del("Date")
				if others.text != none.text || fmt.Sprint(others.header) != fmt.Sprint(none.header) {
					t.Errorf("%s: another's %v %s\nnone %v %s", name, others.header, others.text, none.header, none.text)
				}
			}
		})
	}
}

// path is the address of the record of the world, or of one that does not exist.
func (w matters) path(op route) string {
	path := op.Path
	for _, id := range w.address[op.Of] {
		if parameter := pathParameter.FindString(path); parameter != "" { // an operation may be about a part of the record
			path = strings.Replace(path, parameter, id, 1)
		}
	}
	return pathParameter.ReplaceAllString(path, "00000000-0000-4000-8000-000000000000")
}
