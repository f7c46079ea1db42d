package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
)

// stockStates are the states of the dwellings of a body, as a page shows them after the answer.
func (s *subtest) stockStates(path, bearer string, after *answer) map[string]string {
	s.t.Helper()
	page := s.seen(path, bearer, after).is(http.StatusOK)
	states := map[string]string{}
	for i := range page.at("dwellings").([]any) {
		states[page.at("dwellings", i, "dwelling_id").(string)] = page.at("dwellings", i, "state").(string)
	}
	return states
}

// TestQ36_Q37_ADwellingOfAStockIsOfferedLetAndFree over its whole life, as the commission and the
// auditor see it; and as it was on a day and was known at an instant.
func TestQ36_Q37_ADwellingOfAStockIsOfferedLetAndFree(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, auditor := s.token(domain.RoleCommission), s.token(domain.RoleAuditor)
	list := s.list()
	first, a, _ := s.entry(list)
	r.clock.pass(time.Hour)
	_, b, _ := s.entry(list)
	stock := "/v1/bodies/" + ownCommission + "/stock"
	home := s.dwelling()
	offer := body{"dwelling_id": home, "answer_by": "2026-03-25"}
	s.command(entryPath(list, a)+"/offer", commission, offer).
		refused(http.StatusConflict, domain.CodeDwellingNotDescribed, "dwelling_id")
	describe := "/v1/dwellings/" + home + "/description"
	s.command(describe, s.token(domain.RoleOperator), body{"place": "apartment", "useful_area": 30.5, "rooms": 1}).is(http.StatusOK)
	s.command(entryPath(list, a)+"/offer", commission, offer).
		refused(http.StatusConflict, domain.CodeDwellingNotInStock, "dwelling_id")
	expect := func(after *answer, state string) *answer {
		t.Helper()
		for _, path := range []string{stock, stock + "?state=" + state} {
			if got := s.stockStates(path, commission, after)[home]; got != state {
				t.Errorf("%s shows %q, want %q", path, got, state)
			}
		}
		shown := s.seen("/v1/dwellings/"+home+"/residents", auditor, after)
		if shown.at("stock", "state") != state {
			t.Errorf("the dwelling is shown as %s, want %q", shown.text, state)
		}
		return after
	}
	taken := expect(s.command("/v1/dwellings/"+home+"/stock", commission, body{"basis": paper}).is(http.StatusOK), "recorded")
	between := r.clock.Now()
	r.clock.pass(24 * time.Hour)
	s.notify(nil)

	s.command(entryPath(list, b)+"/offer", commission, offer).refused(http.StatusConflict, domain.CodeNotFirstEligible, "")
	offered := expect(s.command(entryPath(list, a)+"/offer", commission, offer).is(http.StatusOK), "offered")
	told := s.seen("/v1/me/notices", s.as(first), s.notify(offered)).is(http.StatusOK)
	if !strings.Contains(told.text, `"dwelling_offered"`) || !strings.Contains(told.text, "25.03.2026") {
		t.Errorf("the holder is told %s", told.text)
	}
	give := body{"dwelling_id": home, "need_check": needed, "minutes": body{"number": "12"}}
	s.command("/v1/dwellings/"+home+"/stock-withdrawal", commission, body{"ground": "unfit", "basis": paper}).
		refused(http.StatusConflict, domain.CodeDwellingOffered, "")
	s.command(entryPath(list, b)+"/decline", commission, declining(home)).
		refused(http.StatusConflict, domain.CodeDwellingOffered, "dwelling_id")

	// Its holder declines by their own act, and the dwelling is free for the next one.
	declined := expect(s.command(entryPath(list, a)+"/decline", s.as(first), body{"dwelling_id": home}).is(http.StatusOK), "free")
	s.command(entryPath(list, a)+"/offer", commission, offer).
		refused(http.StatusConflict, domain.CodeDwellingDeclined, "dwelling_id")
	s.command(entryPath(list, b)+"/offer", commission, offer).is(http.StatusOK)
	back := body{"dwelling_id": home, "take_back": true}
	s.command(entryPath(list, b)+"/offer", commission, back).
		refused(http.StatusUnprocessableEntity, domain.CodeReasonsRequired, "reasons")
	s.command(entryPath(list, b)+"/offer", commission, back.with(body{"answer_by": "2026-03-25"})).
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "answer_by")
	expect(s.command(entryPath(list, b)+"/offer", commission, back.with(body{"reasons": "жөндеу"})).is(http.StatusOK), "free")
	s.command(entryPath(list, b)+"/offer", commission, back.with(body{"reasons": "жөндеу"})).
		refused(http.StatusConflict, domain.CodeDwellingNotOffered, "dwelling_id")
	s.command(entryPath(list, b)+"/offer", commission, offer).is(http.StatusOK)

	given := expect(s.command(entryPath(list, b)+"/provision", commission, give).is(http.StatusOK), "let")
	s.command("/v1/dwellings/"+home+"/stock-withdrawal", commission, body{"ground": "unfit", "basis": paper}).
		refused(http.StatusConflict, domain.CodeDwellingLeased, "")
	r.clock.pass(24 * time.Hour)
	today := domain.DateOf(r.clock.Now()).String()
	expect(s.command("/v1/dwellings/"+home+"/lease-end", commission, body{"reason": "returned", "on": today}).is(http.StatusOK), "free")
	left := expect(s.command("/v1/dwellings/"+home+"/stock-withdrawal", commission, body{"ground": "unfit", "basis": paper}).
		is(http.StatusOK), "withdrawn")
	s.command(entryPath(list, a)+"/provision", commission, give).
		refused(http.StatusConflict, domain.CodeDwellingNotInStock, "dwelling_id")

	residents := "/v1/dwellings/" + home + "/residents"
	for question, want := range map[string]any{
		"?as_of=2026-03-14": nil, "?as_of=2026-03-15": "recorded", "?as_of=2026-03-16": "let", "?as_of=" + today: "withdrawn",
		"?as_of=" + today + "&known_at=" + between.UTC().Format(time.RFC3339): "recorded",
	} {
		shown := s.seen(residents+question, auditor, left).is(http.StatusOK)
		got, _ := shown.body["stock"].(map[string]any)
		if got["state"] != want {
			t.Errorf("%s: the stock is %v, want %v", question, got, want)
		}
	}
	history := s.seen("/v1/dwellings/"+home+"/history", auditor, left)
	for _, event := range []string{
		"DwellingTakenIntoStock", "DwellingOffered", "DwellingDeclined", "DwellingOfferEnded", "LeaseBegan", "LeaseEnded",
		"DwellingWithdrawnFromStock",
	} {
		if !strings.Contains(history.text, `"`+event+`"`) {
			t.Errorf("the history of the dwelling lacks %s", event)
		}
	}
	for _, a := range []*answer{taken, offered, declined, given} {
		if len(a.at("events").([]any)) == 0 {
			t.Errorf("a command tells no event: %s", a.text)
		}
	}
}

// TestQ36_AStockIsReadByPage: each dwelling once, in the order of ids, by its own body, the one above
// it and auditors.
func TestQ36_AStockIsReadByPage(t *testing.T) {
	r := start(t)
	s := r.at(t)
	id, keeper := s.commission("keeper-1")
	_, other := s.commission("other-1")
	var homes []string
	var last *answer
	for range 5 {
		home := s.dwelling()
		last = s.command("/v1/dwellings/"+home+"/stock", keeper, body{"basis": paper}).is(http.StatusOK)
		homes = append(homes, home)
	}
	slices.Sort(homes)
	last = s.command("/v1/dwellings/"+homes[2]+"/stock-withdrawal", keeper, body{"ground": "handed_over", "basis": paper}).is(http.StatusOK)
	path := "/v1/bodies/" + id + "/stock"
	pages := func(query string) (seen []string) {
		t.Helper()
		next := ""
		for range 10 {
			page := s.seen(path+"?limit=2"+query+next, keeper, last).is(http.StatusOK)
			for i := range page.at("dwellings").([]any) {
				seen = append(seen, page.at("dwellings", i, "dwelling_id").(string))
			}
			cursor, more := page.body["next"].(string)
			if !more {
				return seen
			}
			next = "&cursor=" + cursor
		}
		t.Error("the pages have no end")
		return seen
	}
	if got := pages(""); !slices.Equal(got, homes) {
		t.Errorf("the pages show %v, want %v", got, homes)
	}
	if got := pages("&state=recorded"); !slices.Equal(got, slices.Delete(slices.Clone(homes), 2, 3)) {
		t.Errorf("recorded are %v of %v", got, homes)
	}
	if got := pages("&state=withdrawn"); !slices.Equal(got, homes[2:3]) {
		t.Errorf("withdrawn are %v", got)
	}
	// What another body has recorded since is in its stock, and not in the former one.
	last = s.command("/v1/dwellings/"+homes[2]+"/stock", other, body{"basis": paper}).is(http.StatusOK)
	if got := pages(""); !slices.Equal(got, slices.Delete(slices.Clone(homes), 2, 3)) {
		t.Errorf("after another body has taken one: %v", got)
	}
	s.get(path, other).refused(http.StatusForbidden, domain.CodeNotYourBody, "")
	s.get(path, s.token(domain.RoleAuditor)).is(http.StatusOK)
	s.get(path+"?cursor=00000000-0000-0000-0000-00000000000g", keeper).is(http.StatusUnprocessableEntity)
	s.get("/v1/bodies/00000000-0000-4000-8000-000000000000/stock", s.token(domain.RoleAuditor)).
		refused(http.StatusNotFound, domain.CodeBodyUnknown, "")
}

// TestQ36_OfTwoBodiesOneRecordsADwelling: at the same moment, and whoever is second is told whose it is.
func TestQ36_OfTwoBodiesOneRecordsADwelling(t *testing.T) {
	s := start(t).at(t)
	_, one := s.commission("one-1")
	_, two := s.commission("two-1")
	for range 5 {
		home := s.dwelling()
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for i, bearer := range []string{one, two, one, two} {
			key := header{"Idempotency-Key", fmt.Sprint(s.key(), "-", i)}
			all.Go(func() {
				a := s.command("/v1/dwellings/"+home+"/stock", bearer, body{"basis": paper}, key)
				mu.Lock()
				defer mu.Unlock()
				got[fmt.Sprint(a.status, " ", a.body["code"])]++
			})
		}
		all.Wait()
		if got["200 <nil>"] != 1 || got["403 not_your_body"] != 2 || got["409 nothing_changes"] != 1 {
			t.Errorf("the answers are %v", got)
		}
	}
}

// TestQ38_AStockGoesOverWithItsBodyAndWithWhatIsMadeOfADwelling.
func TestQ38_AStockGoesOverWithItsBodyAndWithWhatIsMadeOfADwelling(t *testing.T) {
	s := start(t).at(t)
	id, keeper := s.commission("keeper-1")
	heirID, heir := s.commission("heir-1")
	provider, operator := s.token(domain.RoleProvider), s.token(domain.RoleOperator)
	old, stays := s.stocked(s.dwelling(), keeper), s.stocked(s.dwelling(), keeper)
	part := func() string {
		return s.command("/v1/dwellings", operator, body{
			"rka": rka(), "kato": "711310000", "address": "Астана, Мәңгілік Ел даңғылы, 8", "made_from": []string{old},
		}).is(http.StatusCreated).id("dwelling_id")
	}
	left, right := part(), part()
	split := s.command("/v1/dwellings/"+old+"/end", provider, body{"how": "split", "into": []string{left, right}, "basis": paper}).
		is(http.StatusOK)
	states := s.stockStates("/v1/bodies/"+id+"/stock", keeper, split)
	want := map[string]string{old: "withdrawn", stays: "recorded", left: "recorded", right: "recorded"}
	if fmt.Sprint(states) != fmt.Sprint(want) {
		t.Errorf("after the split the stock is %v, want %v", states, want)
	}
	if len(states) < 4 {
		t.Fatal("the stock is not whole")
	}
	demolished := s.command("/v1/dwellings/"+left+"/end", provider, body{"how": "demolished", "basis": paper}).is(http.StatusOK)

	s.ends(id, heirID, keeper)
	s.get("/v1/bodies/"+id+"/stock", s.token(domain.RoleAuditor)).refused(http.StatusConflict, domain.CodeBodyEnded, "")
	own := s.stocked(s.dwelling(), heir)
	states = s.stockStates("/v1/bodies/"+heirID+"/stock", heir, demolished)
	want = map[string]string{old: "withdrawn", left: "withdrawn", stays: "recorded", right: "recorded", own: "recorded"}
	s.until("the stock of the successor is whole", func() bool {
		states = s.stockStates("/v1/bodies/"+heirID+"/stock", heir, demolished)
		return len(states) == len(want)
	})
	if fmt.Sprint(states) != fmt.Sprint(want) {
		t.Errorf("the successor has %v, want %v", states, want)
	}
	s.command("/v1/dwellings/"+right+"/stock-withdrawal", heir, body{"ground": "given_back", "basis": paper}).is(http.StatusOK)
}

// TestQ37_R50_AnOfferIsADutyUntilItEnds: silence ends no offer, and the commission sees that the day has
// passed. A taking back and a provision end the duty; other commissions never see it.
func TestQ37_R50_AnOfferIsADutyUntilItEnds(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	_, other := s.commission("almaty-1")
	list := s.list()
	holder, entry, _ := s.entry(list)
	home := s.dwelling()
	s.command("/v1/dwellings/"+home+"/description", s.token(domain.RoleOperator), body{
		"place": "apartment", "useful_area": 30.5, "rooms": 1,
	}).is(http.StatusOK)
	s.command("/v1/dwellings/"+home+"/stock", commission, body{"basis": paper}).is(http.StatusOK)
	offers := func(token string, after *answer) []body {
		return slices.DeleteFunc(s.todo(token, "1", after), func(d body) bool { return d["duty"] != "offer_answer" })
	}
	path := entryPath(list, entry) + "/offer"
	made := s.command(path, commission, body{"dwelling_id": home, "answer_by": "2026-03-25"}).is(http.StatusOK)
	mine := offers(commission, made)
	if len(mine) != 1 || mine[0]["entry_id"] != entry || mine[0]["list_id"] != list || mine[0]["dwelling_id"] != home ||
		mine[0]["person_id"] != holder || mine[0]["by"] != "2026-03-25" || mine[0]["overdue"] != nil {
		t.Fatalf("the commission must do %v", mine)
	}
	if got := offers(s.token(domain.RoleAuditor), made); len(got) != 1 {
		t.Errorf("an auditor sees %v", got)
	}
	for _, token := range []string{other, s.token(domain.RoleOperator)} {
		if got := offers(token, made); len(got) != 0 {
			t.Errorf("somebody else must do %v", got)
		}
	}
	last, err := domain.ParseDate("2026-03-25")
	must(t, err)
	r.clock.pass(last.Over().Sub(r.clock.Now()))
	if got := offers(commission, made); len(got) != 1 || got[0]["overdue"] != true {
		t.Errorf("after the day the commission must do %v", got)
	}
	back := s.command(path, commission, body{"dwelling_id": home, "take_back": true, "reasons": "жауап жоқ"}).is(http.StatusOK)
	if got := offers(commission, back); len(got) != 0 {
		t.Errorf("the offer is taken back, and the commission must do %v", got)
	}
	s.verified()
}
