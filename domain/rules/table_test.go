package rules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

var day = domaintest.Day

// inForce is the built-in edition on the day of the specifications.
func inForce() rules.Edition { return rules.Default().On(domaintest.Today()) }

func share(t testing.TB, s string) rules.Fraction {
	t.Helper()
	f, err := rules.ParseFraction(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTheBuiltInNumbers is the table as the rules state it, once more, so that
// no number changes by a slip. A number alone proves no rule, so the ids stand
// behind.
func TestTheBuiltInNumbers(t *testing.T) {
	e := inForce()
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"minutes (R18, S001-5)", e.Deregistration.TermMinutes, 30},
		{"days of the co-owners (R6)", e.Deregistration.CoOwnersAnswerDays, 3},
		{"calendar days (Q4, S000-13)", e.Placement.TermDays, 30},
		{"working days from the preliminary decision to the act (C8)", e.Procedure.HearingNotice, 3},
		{"working days to object (C8)", e.Procedure.ObjectionWindow, 2},
		{"months of extension (C9)", e.Procedure.ExtensionMonths, 2},
		{"working days to tell of it (C9)", e.Procedure.ExtensionNotice, 3},
		{"working days to forward (C5)", e.Procedure.ForwardingWithin, 3},
		{"working days to correct (C3)", e.Procedure.CorrectionPeriod, 10},
		{"working days to tell of a termination (C13)", e.Procedure.TerminationNotice, 3},
		{"months to complain (C12)", e.Complaint.FileWithinMonths, 3},
		{"working days to forward the complaint (C12)", e.Complaint.ForwardWithin, 3},
		{"working days to decide the complaint (C12)", e.Complaint.DecideWithin, 20},
		{"working days to make good an act that fell (C12)", e.Complaint.RemedyWithin, 5},
		{"days to tell of a removal (Q15)", e.Register.RemovalNoticeDays, 10},
		{"working days to report changes (Q18)", e.Register.ReportChangesWithin, 10},
		{"months between inventories (Q23)", e.Register.InventoryEveryMonths, 12},
		{"working days to answer (Q23)", e.Register.InventoryAnswerWithin, 10},
		{"square metres for each, at least (Q19)", e.Register.AreaAtLeast, 15},
		{"square metres for each, at most (Q19)", e.Register.AreaAtMost, 18},
		{"days that a check of need holds (Q16, Q19)", e.Register.NeedCheckDays, 30},
		{"years of look-back (Q12)", e.Placement.LookBackYears, 5},
		{"months at least (R13)", e.Residence.TemporaryAtLeastMonths, 1},
		{"months at most (R13)", e.Residence.TemporaryAtMostMonths, 12},
		{"own registration (R20)", e.Ages.OwnRegistration, 14},
		{"identity card (R8)", e.Ages.IdentityCard, 16},
		{"capacity (R9)", e.Ages.Capacity, 18},
		{"digits (C19)", e.OTP.Digits, 6},
		{"minutes (C19)", e.OTP.ValidMinutes, 5},
		{"tries (C19)", e.OTP.Tries, 5},
		{"attempts of a message (C11)", e.Notice.Attempts, 12},
		{"minutes before the second (C11)", e.Notice.FirstPauseMinutes, 1},
		{"minutes between two at most (C11)", e.Notice.LongestPauseMinutes, 240},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.name, c.got, c.want)
		}
	}
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"grounds of refusal (Q3, S000-5, -6, -7)", e.Placement.RefusalGrounds, []string{"untrue_documents", "no_consent", "requirements_not_met"}},
		{"the family that is counted (Q13, art. 101-10)", e.Placement.Family, []string{"spouse", "child", "disabled_child"}},
		{"past benefits (Q14, art. 101-3(3))", e.Placement.PastBenefits, []string{"privatisation_compensation", "housing_payments", "buy_out_contract_fulfilled", "privatisation_used"}},
		{"whom a list's own rule may put first (Q8)", e.Register.PriorityCategories, []string{"war_veteran", "orphan", "awarded_mother", "large_family"}},
		{"reasons of a removal (Q15)", e.Register.RemovalReasons, []string{"grounds_fell_away", "departure_or_end_of_employment", "untrue_information", "dwelling_acquired", "state_dwelling_received"}},
		{"protected (Q15a)", e.Register.ProtectedCategories, []string{"orphan_or_without_parental_care", "incomplete_family", "awarded_mother_of_many_children", "large_family"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if got := fmt.Sprint(e.Placement.InNeed); got != "[[no_dwelling no_state_dwelling] [below_norms] [chronic_illness]]" {
		t.Errorf("in need (Q10, F11): %s", got)
	}
	if !e.Placement.PastBenefitsAnywhere {
		t.Error("by default a past benefit bars wherever it was had (Q14)")
	}
	held := []domain.DocumentType{
		domain.DocumentIdentityCard,
		domain.DocumentPassport,
		domain.DocumentResidencePermit,
		domain.DocumentStatelessCard,
	}
	if !slices.Equal(e.Procedure.StateHeldDocuments, held) {
		t.Errorf("documents that state systems hold (C14): %v, want %v", e.Procedure.StateHeldDocuments, held)
	}
	if got := e.WorseNumbers(); got != (rules.Numbers{TellWorse: rules.TellDaily, From: 1}) {
		t.Errorf("by default holders are told daily of a number that is one place worse (Q43): %v", got)
	}
	if !e.Deregistration.CoOwnersConfirm {
		t.Error("by default the other co-owners confirm (R6)")
	}
	if len(e.Residence.OccupancyNorms) != 0 {
		t.Error("no occupancy norm unless configured (R19)")
	}
}

func TestC17_SignaturesByServiceAndChannel(t *testing.T) {
	e := inForce()
	paper := []domain.SignatureMethod{domain.SignatureHandwritten}
	for _, c := range []struct {
		name    string
		got     rules.Signatures
		channel domain.Channel
		want    []domain.SignatureMethod
	}{
		{"C17 S000-2 S000-3", e.Placement.Signatures, domain.ChannelPortal, []domain.SignatureMethod{domain.SignatureEDS, domain.SignatureOTP}},
		{"C17 S001-8", e.Deregistration.Signatures, domain.ChannelPortal, []domain.SignatureMethod{domain.SignatureEDS}},
		{"C17 S000 at a desk", e.Placement.Signatures, domain.ChannelStateCorp, paper},
		{"C17 S001 at a desk", e.Deregistration.Signatures, domain.ChannelStateCorp, paper},
		{"C17 S001 at the provider in the State Corporation", e.Deregistration.Signatures, domain.ChannelProviderAtStateCorp, paper},
		{"C17 S001 at the provider", e.Deregistration.Signatures, domain.ChannelProvider, paper},
	} {
		if !slices.Equal(c.got[c.channel], c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got[c.channel], c.want)
		}
	}
}

func TestProtectedCategories(t *testing.T) {
	for category, want := range map[string]bool{"large_family": true, "incomplete_family": true, "veteran": false, "": false} {
		if got := inForce().Protected(category); got != want {
			t.Errorf("%q protected: %t, want %t", category, got, want)
		}
	}
}

func TestQ11_LessThanHalfADwellingDoesNotCount(t *testing.T) {
	for s, want := range map[string]bool{
		"1/2": true, "2/4": true, "500000/999999": true, "50/99": true, "1/1": true, "3/4": true,
		"1/3": false, "49/100": false, "499999/999999": false, "1/999999": false,
	} {
		if got := inForce().CountsAsDwelling(share(t, s)); got != want {
			t.Errorf("a share of %s counts: %t, want %t", s, got, want)
		}
	}
	third := rulestest.Table(t, "2026-03-15", `"dwelling_share_from": "1/2"`, `"dwelling_share_from": "1/3"`)
	if third.On(day("2026-03-14")).CountsAsDwelling(share(t, "1/3")) ||
		!third.On(day("2026-03-15")).CountsAsDwelling(share(t, "1/3")) {
		t.Error("what counts is what the edition of the day says")
	}
}

func TestQ12_AlienationIsHeldAgainstAnApplicationForFiveYears(t *testing.T) {
	for _, c := range []struct {
		alienated, applied, share string
		want                      bool
	}{
		{"2026-03-14", "2026-03-15", "1/1", true},
		{"2021-03-15", "2026-03-15", "1/1", true}, // five years ago today
		{"2021-03-14", "2026-03-15", "1/1", false},
		{"2020-02-29", "2025-02-28", "1/1", true},
		{"2020-02-29", "2025-03-01", "1/1", false},
		{"2026-03-16", "2026-03-15", "1/1", true}, // after applying
		{"2026-03-14", "2026-03-15", "1/2", true},
		{"2026-03-14", "2026-03-15", "1/3", false}, // Q11
	} {
		if got := inForce().AlienationCounts(day(c.alienated), day(c.applied), share(t, c.share)); got != c.want {
			t.Errorf(
				"%s of a dwelling alienated on %s, applied on %s: %t, want %t",
				c.share,
				c.alienated,
				c.applied,
				got,
				c.want,
			)
		}
	}
}

func TestR19_TheNormIsThatOfTheNarrowestTerritoryFromItsDayOn(t *testing.T) {
	norms := `"occupancy_norms": [
		{"kato": "71", "area_per_person": 15, "from": "2026-01-10", "exempt_kinships": ["spouse", "child"]},
		{"kato": "71", "area_per_person": 16.5, "from": "2026-08-01", "exempt_kinships": []},
		{"kato": "7110", "area_per_person": 12, "from": "2026-03-01", "exempt_kinships": []}]`
	table := rulestest.Table(t, "2026-01-01", `"occupancy_norms": []`, norms)
	for _, c := range []struct {
		kato, on string
		want     float64 // 0: none
	}{
		{"711210000", "2026-01-09", 0}, // not backwards
		{"711210000", "2026-01-10", 15},
		{"711210000", "2026-08-01", 16.5},
		{"711010000", "2026-02-28", 15},
		{"711010000", "2026-08-02", 12},
		{"751210000", "2026-08-01", 0},
		{"", "2026-08-01", 0},
	} {
		norm, ok := table.On(day(c.on)).OccupancyNorm(c.kato, day(c.on))
		if ok != (c.want != 0) || norm.AreaPerPerson != c.want {
			t.Errorf("%s on %s: %v %t, want %v", c.kato, c.on, norm.AreaPerPerson, ok, c.want)
		}
	}
}

func TestQ10_TheEditionIsSelectedByTheDay(t *testing.T) {
	table := rulestest.Table(t, "2026-07-01", `"term_days": 30`, `"term_days": 20`)
	for on, want := range map[string]struct {
		id   rules.EditionID
		term int
	}{
		"1900-01-01": {rulestest.Old, 30},
		"2026-06-30": {rulestest.Old, 30}, // the day before
		"2026-07-01": {rulestest.New, 20}, // the day itself
		"2026-07-02": {rulestest.New, 20},
		"2999-12-31": {rulestest.New, 20},
	} {
		if e := table.On(day(on)); e.ID != want.id || e.Placement.TermDays != want.term {
			t.Errorf("on %s: edition %s, %d days, want %v", on, e.ID, e.Placement.TermDays, want)
		}
	}
}

// TestQ10_EveryDayHasExactlyOneEdition for any table that loads.
func TestQ10_EveryDayHasExactlyOneEdition(t *testing.T) {
	template, err := json.Marshal(inForce())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var members map[string]any
		if err := json.Unmarshal(template, &members); err != nil {
			t.Fatal(err)
		}
		var editions []map[string]any
		begin, until := domain.Date{}, day("2020-01-01")
		n := rapid.IntRange(1, 6).Draw(t, "editions")
		for i := range n {
			e := map[string]any{}
			for k, v := range members {
				e[k] = v
			}
			e["id"] = "e" + string(rune('a'+i))
			delete(e, "from")
			delete(e, "until")
			if i > 0 {
				e["from"] = begin.String()
			}
			if i < n-1 {
				e["until"] = until.String()
			}
			editions = append(editions, e)
			begin, until = until, until.AddDays(rapid.IntRange(1, 400).Draw(t, "days"))
		}
		file, err := json.Marshal(map[string]any{"editions": editions})
		if err != nil {
			t.Fatal(err)
		}
		table, err := rules.Load(strings.NewReader(string(file)))
		if err != nil {
			t.Fatal(err)
		}
		on := day("2020-01-01").AddDays(rapid.IntRange(-500, 2500).Draw(t, "on"))
		found := table.On(on)
		for _, e := range table.Editions() {
			holds := !on.Before(e.From) && (e.Until.IsZero() || on.Before(e.Until))
			if holds != (e.ID == found.ID) {
				t.Fatalf("on %s: edition %s [%s, %s) and %s was selected", on, e.ID, e.From, e.Until, found.ID)
			}
		}
	})
}

func TestLoadRefusesWithASentence(t *testing.T) {
	right := rulestest.JSON(t, "2026-07-01")
	change := func(old, new string) string {
		if !strings.Contains(right, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(right, old, new, 1)
	}
	for _, c := range []struct{ name, file, says string }{
		{"nothing", ``, "not a JSON document"},
		{"nested deeply", strings.Repeat("[", 400_000), "not a JSON document"},
		{"no object", `7`, "cannot unmarshal"},
		{"half a document", right[:len(right)-1], "not a JSON document"},
		{"more after it", right + `{}`, "after the end"},
		{"no editions", `{}`, "the member editions is missing"},
		{"an empty list", `{"editions":[]}`, "has no editions"},
		{"null", `{"editions":null}`, "editions is null"},
		{"unknown member", change(`"term_minutes"`, `"term_hours":1,"term_minutes"`), `"term_hours" is not known`},
		{"a rule that is gone", change(`"hearing_notice"`, `"recusal_within":3,"hearing_notice"`), "editions[0].procedure.recusal_within is no longer a rule: nothing ever read it; take it out"},
		{"a list that is gone", change(`"co_owners_answer_days":3,`, `"co_owners_answer_days":3,"refusal_grounds":["no_consent"],`), "editions[0].deregistration.refusal_grounds is no longer a rule"},
		{"other case", change(`"term_minutes"`, `"Term_minutes"`), "small letters"},
		{"member twice", change(`"term_minutes"`, `"term_minutes":20,"term_minutes"`), "comes twice"},
		{"number missing", change(`"term_minutes":30,`, ``), "editions[0].deregistration.term_minutes is missing"},
		{"flag missing", change(`"co_owners_confirm":true,`, ``), "editions[0].deregistration.co_owners_confirm is missing"},
		{"zero", change(`"term_days":30`, `"term_days":0`), "placement.term_days is 0"},
		{"negative", change(`"term_days":30`, `"term_days":-1`), "placement.term_days is -1"},
		{"beyond reason", change(`"term_days":30`, `"term_days":1001`), "placement.term_days is 1001"},
		{"no whole number", change(`"term_days":30`, `"term_days":30.5`), "cannot unmarshal"},
		{"a share over one", change(`"1/2"`, `"3/2"`), "write a share as a fraction"},
		{"no share", change(`"1/2"`, `""`), "write a share as a fraction"},
		{"no title", change(right[strings.Index(right, `"title":`):strings.Index(right, `,"deregistration"`)], `"title":""`), "title says from which acts"},
		{"stays that cannot be", change(`"temporary_at_most_months":12`, `"temporary_at_most_months":1`), ""},
		{"stays that cannot be at all", change(`"temporary_at_least_months":1`, `"temporary_at_least_months":13`), "no stay would fit"},
		{"Q43 told every hour", change(`"retention":`, `"numbers":{"tell_worse":"hourly","from":1},"retention":`), "tell_worse is never or daily"},
		{"Q43 told of nothing", change(`"retention":`, `"numbers":{"tell_worse":"daily","from":0},"retention":`), "from at least 1 place"},
		{"no attempt at all", change(`"attempts":12`, `"attempts":0`), "notice.attempts is 0"},
		{"pauses that shrink", change(`"first_pause_minutes":1`, `"first_pause_minutes":300`), "longest_pause_minutes is less"},
		{"a norm that nothing fits", change(`"area_at_most":18`, `"area_at_most":14`), "register.area_at_most is less than area_at_least"},
		{"a password of three digits", change(`"digits":6`, `"digits":3`), "otp.digits is 3"},
		{"Q3 a fourth ground", change(`"no_consent","requirements_not_met"]`, `"no_consent","no_vacancy"]`), "knows [untrue_documents no_consent requirements_not_met] and no other"},
		{"C17 OTP for S001", change(`"portal":["eds"]`, `"portal":["eds","otp"]`), "takes [eds] and nothing else"},
		{"C17 by hand through the portal", change(`"portal":["eds","otp"]`, `"portal":["handwritten"]`), "takes [eds otp] and nothing else"},
		{"C17 no method", change(`"portal":["eds"]`, `"portal":[]`), "is empty"},
		{"C17 a channel that is none", change(`"portal":["eds"]`, `"fax":["eds"]`), "channel that does not exist"},
		{"a ground twice", change(`["untrue_documents","no_consent"`, `["no_consent","no_consent"`), "twice"},
		{"a ground that is no name", change(`["untrue_documents","no_consent"`, `["Untrue documents","no_consent"`), "small letters"},
		{"the first begins", change(`"id":"old"`, `"id":"old","from":"2020-01-01"`), "leave from out"},
		{"the last ends", change(`"id":"new"`, `"id":"new","until":"2030-01-01"`), "leave until out"},
		{"no end before the next", change(`"until":"2026-07-01",`, ``), "say in until"},
		{"no beginning after the first", change(`"from":"2026-07-01",`, ``), "say in from"},
		{"a gap", change(`"until":"2026-07-01"`, `"until":"2026-06-30"`), "the days from 2026-06-30 until 2026-07-01 are without rules"},
		{"an overlap", change(`"until":"2026-07-01"`, `"until":"2026-07-02"`), "no day has two editions"},
		{"no day", change(`"until":"2026-07-01"`, `"until":"2026-02-30"`), "YYYY-MM-DD"},
		{"the same id", change(`"id":"new"`, `"id":"old"`), "have the same id"},
		{"no id", change(`"id":"old"`, `"id":""`), "id is 1 to 64"},
		{"a norm without a day (R19)", change(`"occupancy_norms":[]`, `"occupancy_norms":[{"kato":"71","area_per_person":15,"from":"","exempt_kinships":[]}]`), "never backwards"},
		{"a norm without kinships (R19)", change(`"occupancy_norms":[]`, `"occupancy_norms":[{"kato":"71","area_per_person":15,"from":"2026-01-01"}]`), "exempt_kinships is missing"},
		{"a norm without an area (R19)", change(`"occupancy_norms":[]`, `"occupancy_norms":[{"kato":"71","area_per_person":0,"from":"2026-01-01","exempt_kinships":[]}]`), "more than 0"},
		{"a norm of nowhere (R19)", change(`"occupancy_norms":[]`, `"occupancy_norms":[{"kato":"KZ","area_per_person":15,"from":"2026-01-01","exempt_kinships":[]}]`), "first 2 to 9 digits"},
		{"Q10 no combination of grounds", change(`"in_need":[["no_dwelling","no_state_dwelling"],["below_norms"],["chronic_illness"]]`, `"in_need":[]`), "in_need is empty"},
		{"Q10 a combination of nothing", change(`["below_norms"]`, `[]`), "everybody would be in need"},
		{"Q10 a ground that is none", change(`["below_norms"]`, `["poverty"]`), "is not a ground"},
		{"Q10 a ground twice", change(`["below_norms"]`, `["below_norms","below_norms"]`), "named twice"},
		{"Q13 a relation twice", change(`"family":["spouse"`, `"family":["child"`), "placement.family names"},
		{"Q14 a benefit that is no name", change(`"housing_payments"`, `"Housing payments"`), "placement.past_benefits"},
		{"Q14 nothing said of the place", change(`,"past_benefits_anywhere":true`, ``), "placement.past_benefits_anywhere is missing"},
		{"C14 a document that is none", change(`"state_held_documents":["identity_card"`, `"state_held_documents":["library_card"`), "not a type of document"},
		{"C14 a document twice", change(`"state_held_documents":["identity_card"`, `"state_held_documents":["passport"`), "named twice"},
		{"too large", right + strings.Repeat(" ", 1<<20), "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := rules.Load(strings.NewReader(c.file))
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || table != nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want a sentence with %q", err, c.says)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(rulestest.JSON(f, "2026-07-01"))
	f.Add(`{"editions":[{"id":"a"}]}`)
	f.Add(`{"editions":[],"editions":[]}`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, file string) {
		table, err := rules.Load(strings.NewReader(file))
		if err != nil {
			if table != nil {
				t.Fatal("a table and an error")
			}
			return
		}
		for _, e := range table.Editions() { // what loads answers for every day, and loads again
			if !e.From.IsZero() && table.On(e.From).ID != e.ID || !e.Until.IsZero() && table.On(e.Until).ID == e.ID {
				t.Fatalf("edition %s is not in force from %s until %s", e.ID, e.From, e.Until)
			}
			if _, err := rules.NewBook(table, nil).PlacementDeadline(day("2025-01-01")); err != nil &&
				domain.CodeOf(err) != domain.CodeCalendarYear {
				t.Fatal(err)
			}
		}
		again, err := json.Marshal(map[string]any{"editions": table.Editions()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rules.Load(strings.NewReader(string(again))); err != nil {
			t.Fatalf("what was written from a table does not load: %v\n%s", err, again)
		}
	})
}
