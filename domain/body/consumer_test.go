package body_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
)

func consumer() domain.Event {
	return body.Recorded{BodyID: id, Kind: body.Consumer, Description: body.Description{Names: names}}
}

func allowance(change func(*body.Allowance)) body.Allow {
	c := body.Allow{Allowance: body.Allowance{
		Facts:     []domain.FactKind{domain.FactRegistered, domain.FactDied},
		Territory: domain.Territory{"710000000"}, Basis: "agreement 14",
	}}
	if change != nil {
		change(&c.Allowance)
	}
	return c
}

func TestC31_AConsumerHasNothingUntilItIsAllowed(t *testing.T) {
	b := given(consumer())
	if b.Allowance != nil {
		t.Fatalf("a consumer has %+v from the beginning", b.Allowance)
	}
	events, err := b.Allow(command(), allowance(nil))
	if err != nil {
		t.Fatal(err)
	}
	b = given(consumer(), events[0])
	if a := b.Allowance; a == nil || a.Gives(domain.ShareIIN) || !a.Covers("710000000") {
		t.Errorf("allowed: %+v", a)
	}
	_, err = b.Allow(command(), allowance(nil))
	refused(t, err, domain.CodeNothingChanges, "")
	narrower, err := b.Allow(command(), allowance(func(a *body.Allowance) { a.Facts = a.Facts[:1] }))
	if err != nil || len(given(consumer(), events[0], narrower[0]).Allowance.Facts) != 1 {
		t.Errorf("a later allowance does not replace the earlier one: %v", err)
	}
	_, err = b.EndAllowance(command(), body.EndAllowance{Reasons: " "})
	refused(t, err, domain.CodeReasonsRequired, "reasons")
	ended, err := b.EndAllowance(command(), body.EndAllowance{Reasons: "the agreement has ended"})
	if err != nil {
		t.Fatal(err)
	}
	b = given(consumer(), events[0], ended[0])
	if b.Allowance != nil {
		t.Errorf("after the end it has %+v", b.Allowance)
	}
	_, err = b.EndAllowance(command(), body.EndAllowance{Reasons: "r"})
	refused(t, err, domain.CodeNothingAllowed, "")
}

func TestC31_AnAllowanceThatIsNotWholeIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*body.Allowance)
		code   domain.Code
		field  string
	}{
		{"no fact", func(a *body.Allowance) { a.Facts = nil }, domain.CodeRequired, "facts"},
		{"unknown fact", func(a *body.Allowance) { a.Facts[1] = "married" }, domain.CodeValueUnknown, "facts[1]"},
		{"a fact that follows another", func(a *body.Allowance) { a.Facts[1] = domain.FactErased }, domain.CodeValueUnknown, "facts[1]"},
		{"fact twice", func(a *body.Allowance) { a.Facts[1] = a.Facts[0] }, domain.CodeNamedTwice, "facts[1]"},
		{"unknown value", func(a *body.Allowance) { a.Values = []domain.SharedValue{"phone"} }, domain.CodeValueUnknown, "values[0]"},
		{"no territory", func(a *body.Allowance) { a.Territory = nil }, domain.CodeRequired, "territory"},
		{"both territories", func(a *body.Allowance) { a.WholeCountry = true }, domain.CodeRequired, "territory"},
		{"bad unit", func(a *body.Allowance) { a.Territory[0] = "71" }, domain.CodeKATOFormat, "territory[0]"},
		{"no basis", func(a *body.Allowance) { a.Basis = " " }, domain.CodeRequired, "basis"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := given(consumer()).Allow(command(), allowance(c.change))
			refused(t, err, c.code, c.field)
		})
	}
	_, err := given(recorded()).Allow(command(), allowance(nil))
	refused(t, err, domain.CodeNoConsumer, "")
	_, err = given().Allow(command(), allowance(nil))
	refused(t, err, domain.CodeBodyUnknown, "")
}

// TestC31_APlaceThatIsNotKnownIsInTheWholeCountryAlone: a desk acts where nobody knows the place; a
// consumer is not told of it.
func TestC31_APlaceThatIsNotKnownIsInTheWholeCountryAlone(t *testing.T) {
	astana := allowance(nil)
	all := allowance(func(a *body.Allowance) { a.Territory, a.WholeCountry = nil, true })
	for place, want := range map[domain.KATO][2]bool{
		"710000000": {true, true}, "711010000": {true, true}, "750000000": {false, true}, "": {false, true},
	} {
		if got := [2]bool{astana.Covers(place), all.Covers(place)}; got != want {
			t.Errorf("%q: %v, want %v", place, got, want)
		}
	}
	if (body.Allowance{}).Covers("710000000") {
		t.Error("an allowance without a territory covers a place")
	}
}

func TestC31_TheSystemOfAConsumerHasAnAccountThatNamesNobody(t *testing.T) {
	b := given(consumer())
	events, err := b.OpenAccount(command(), body.OpenAccount{Account: "tax-1"})
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := given(consumer(), events[0]).Account("tax-1"); !ok || !a.PersonID.IsZero() {
		t.Errorf("%+v", a)
	}
	_, err = given(recorded()).OpenAccount(command(), body.OpenAccount{Account: "astana-1"})
	refused(t, err, domain.CodeRequired, "person_id")
	_, err = b.OpenAccount(command(), body.OpenAccount{Account: "tax-1", PersonID: domaintest.ID[domain.PersonID]("nobody's official")})
	refused(t, err, domain.CodeOfficialUnknown, "person_id")
}

// TestC31_TheFirstWebhookBeginsNowAndALaterOneGoesOn, each under another version, whose secret is another.
func TestC31_TheFirstWebhookBeginsNowAndALaterOneGoesOn(t *testing.T) {
	b := given(consumer())
	first, err := b.SetWebhook(command(), body.SetWebhook{URL: "https://a", End: "end"})
	if err != nil {
		t.Fatal(err)
	}
	b = given(consumer(), first[0])
	if *b.Webhook != (body.Webhook{URL: "https://a", Version: 1, After: "end"}) {
		t.Errorf("first %+v", *b.Webhook)
	}
	ended, err := b.EndWebhook(command())
	if err != nil {
		t.Fatal(err)
	}
	b = given(consumer(), first[0], ended[0])
	_, err = b.EndWebhook(command())
	refused(t, err, domain.CodeNothingChanges, "")
	second, err := b.SetWebhook(command(), body.SetWebhook{URL: "https://a", End: "later"})
	if err != nil || *given(consumer(), first[0], ended[0], second[0]).Webhook != (body.Webhook{URL: "https://a", Version: 2}) {
		t.Errorf("second %+v, %v", second, err)
	}
	_, err = given(recorded()).SetWebhook(command(), body.SetWebhook{URL: "https://a"})
	refused(t, err, domain.CodeNoConsumer, "")
}
