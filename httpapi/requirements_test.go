package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/domain/rules/rulestest"
)

// atChannel is who files on a channel.
func (s *subtest) atChannel(channel domain.Channel, applicant string) string {
	switch channel {
	case domain.ChannelPortal:
		return s.as(applicant)
	case domain.ChannelStateCorp:
		return s.token(domain.RoleOperator)
	default:
		return s.token(domain.RoleProvider)
	}
}

// checklist is an S001 application with exactly the papers of the checklist.
func checklist(list *answer, application body, adults, children []string) body {
	documents := []body{}
	for _, p := range list.at("papers").([]any) {
		paperOf := p.(map[string]any)
		if paperOf["required"] != true {
			continue
		}
		if paperOf["field"] == "basis" {
			application = application.with(body{"basis": paper})
			continue
		}
		one := body{"type": paperOf["document_types"].([]any)[0]}
		switch paperOf["paper"] {
		case "card_to_surrender", "document_to_surrender":
			one["surrendered"] = true
		case "court_decision":
			one["dwelling_id"], one["in_force_on"] = application["dwelling_id"], "2026-03-10"
		}
		switch paperOf["for"] {
		case "applicant":
			documents = append(documents, one.with(body{"person_id": application["applicant_id"]}))
		case "application":
			documents = append(documents, one.with(body{"persons": application["persons"]}))
		default:
			whom := slices.Concat(adults, children)
			if paperOf["from_age"] != nil {
				whom = adults
			}
			if paperOf["under_age"] != nil {
				whom = children
			}
			for _, id := range whom {
				documents = append(documents, one.with(body{"person_id": id}))
			}
		}
	}
	if len(documents) > 0 {
		application = application.with(body{"documents": documents})
	}
	return application.with(body{"signature": body{"method": list.at("signatures", 0)}})
}

// TestR4_R8_R10_TheChecklistIsWhatAnApplicationIsCheckedBy: in every combination what the checklist
// says is accepted, without any one of its papers the application is refused, and without all of
// them the refusal names each. A combination that has no checklist is refused as the application is.
func TestR4_R8_R10_TheChecklistIsWhatAnApplicationIsCheckedBy(t *testing.T) {
	s := start(t, func(set *settings) { set.rules = rulestest.Newest(t) }).at(t)
	open := 0
	for _, class := range residence.Classes {
		for _, ground := range residence.Grounds {
			for _, channel := range domain.Channels {
				list := s.get("/v1/services/s001/requirements?"+url.Values{
					"class": {string(class)}, "ground": {string(ground)}, "channel": {string(channel)},
				}.Encode(), "")
				applicant := s.recorded(string(class))
				home := s.dwelling(applicant)
				lives := func(person string) {
					s.command("/v1/registrations", s.token(domain.RoleOperator), registration(person, home, "2026-03-01", "").
						with(body{"consents": []body{{"person_id": applicant, "basis": paper}}})).is(http.StatusCreated)
				}
				lives(applicant)
				adults, children := []string{applicant}, []string(nil)
				if ground == residence.GroundDepartureAbroad {
					child := s.command("/v1/persons", s.token(domain.RoleOperator), body{
						"iin": s.iin(), "name": "Алихан", "birth_date": "2016-05-17", "class": class,
					}).is(http.StatusCreated).id("person_id")
					lives(child)
					children = append(children, child)
				}
				application := body{
					"channel": channel, "ground": ground, "dwelling_id": home, "applicant_id": applicant,
					"persons": slices.Concat(adults, children), "signature": body{"method": "handwritten"},
				}
				desk := s.atChannel(channel, applicant)
				if list.status != http.StatusOK {
					if channel == domain.ChannelPortal {
						application = application.with(body{"signature": body{"method": "eds"}})
					}
					refused := s.command("/v1/deregistrations", desk, application)
					if refused.status != list.status || refused.at("code") != list.at("code") {
						t.Errorf("%s %s %s: the checklist says %s, the application %s", class, ground, channel, list.text, refused.text)
					}
					continue
				}
				open++
				whole := checklist(list, application, adults, children)
				documents, _ := whole["documents"].([]body)
				for i, d := range documents {
					missing := whole.with(body{"documents": slices.Delete(slices.Clone(documents), i, i+1)})
					a := s.command("/v1/deregistrations", desk, missing).is(http.StatusUnprocessableEntity)
					if a.at("field") != "documents" || a.at("errors") != nil {
						t.Errorf("%s %s %s without %v: %s", class, ground, channel, d, a.text)
					}
				}
				needed := len(documents)
				if whole["basis"] != nil {
					needed++
					missing := whole.with(body{})
					delete(missing, "basis")
					s.command("/v1/deregistrations", desk, missing).
						refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
				}
				if needed > 1 {
					none := s.command("/v1/deregistrations", desk, application).is(http.StatusUnprocessableEntity)
					if faults, _ := none.at("errors").([]any); len(faults) != needed {
						t.Errorf("%s %s %s: %d papers are missing, the refusal says %s", class, ground, channel, needed, none.text)
					}
				}
				s.command("/v1/deregistrations", desk, whole).is(http.StatusCreated)
			}
		}
	}
	if open != 13 {
		t.Errorf("%d combinations are open, want the 13 of the matrix", open)
	}
}

func TestS000_3_TheChecklistOfAnApplicationForHousing(t *testing.T) {
	s := start(t, func(set *settings) { set.rules = rulestest.Newest(t) }).at(t)
	list := s.list()
	for _, channel := range []domain.Channel{domain.ChannelPortal, domain.ChannelStateCorp} {
		papers := s.get("/v1/services/s000/requirements?channel="+string(channel), "").is(http.StatusOK)
		applicant := s.citizen()
		needed := 0
		whole := application(applicant, list).with(body{
			"channel": channel, "signature": body{"method": papers.at("signatures", 0)},
		})
		delete(whole, "service")
		for _, p := range papers.at("papers").([]any) {
			if paperOf := p.(map[string]any); paperOf["required"] == true {
				needed++
				s.command("/v1/housing-applications", s.atChannel(channel, applicant), whole).
					refused(http.StatusUnprocessableEntity, domain.Code(paperOf["code"].(string)), paperOf["field"].(string))
				whole = whole.with(body{paperOf["field"].(string): paper})
			}
		}
		if want := map[domain.Channel]int{domain.ChannelPortal: 0, domain.ChannelStateCorp: 1}[channel]; needed != want {
			t.Errorf("%s needs %d papers, want %d", channel, needed, want)
		}
		s.command("/v1/housing-applications", s.atChannel(channel, applicant), whole).is(http.StatusCreated)
	}
	s.get("/v1/services/s000/requirements?channel=provider", "").
		refused(http.StatusUnprocessableEntity, domain.CodeChannelNotOpen, "query.channel")
	s.get("/v1/services/s000/requirements?channel=portal&class=citizen", "").
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "query")
	s.get("/v1/services/s001/requirements?channel=portal&ground=court_decision", "").
		refused(http.StatusUnprocessableEntity, domain.CodeRequired, "query.class")
}

func TestEveryPaperOfAChecklistIsSaidInThreeLanguages(t *testing.T) {
	s := start(t, func(set *settings) { set.rules = rulestest.Newest(t) }).at(t)
	said := map[any]bool{}
	for _, query := range []string{
		"s000/requirements?channel=state_corporation",
		"s001/requirements?channel=state_corporation&class=citizen&ground=owner_application",
		"s001/requirements?channel=state_corporation&class=citizen&ground=departure_abroad",
		"s001/requirements?channel=provider&class=refugee&ground=departure_abroad",
		"s001/requirements?channel=provider&class=refugee&ground=court_decision",
	} {
		for _, p := range s.get("/v1/services/"+query, "").is(http.StatusOK).at("papers").([]any) {
			texts := p.(map[string]any)["text"].(map[string]any)
			if texts["kk"] == "" || texts["ru"] == "" || texts["en"] == "" || texts["kk"] == texts["ru"] {
				t.Errorf("%v", p)
			}
			said[p.(map[string]any)["paper"]] = true
		}
	}
	if len(said) != len(domain.Papers) {
		t.Errorf("the checklists have %d papers, want all %d: %v", len(said), len(domain.Papers), said)
	}
}
