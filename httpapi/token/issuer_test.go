package token_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/httpapi/token"
)

func TestATokenSaysWhatItWasIssuedFor(t *testing.T) {
	i := issuer(t, key(t, 1))
	official := token.Principal{
		Role: domain.RoleCommission, Account: "commission.astana", PersonID: person.PersonID,
		BodyID: domaintest.ID[domain.BodyID]("a commission"),
	}
	citizen := person
	citizen.Account = person.PersonID.String() // as every token of a citizen says
	for _, want := range []token.Principal{desk, official, citizen} {
		v, err := i.Verify(ctx, issue(t, i, want), noon)
		must(t, err)
		if v.Principal != want {
			t.Errorf("got %+v, want %+v", v.Principal, want)
		}
		if v.ID == "" || !v.IssuedAt.Equal(noon) || !v.Until.Equal(noon.Add(time.Hour)) {
			t.Errorf("its id is %q, from %s to %s", v.ID, v.IssuedAt, v.Until)
		}
	}
}

func TestEveryTokenHasAnIDOfItsOwn(t *testing.T) {
	i := issuer(t, key(t, 1))
	a, err := i.Verify(ctx, issue(t, i, desk), noon)
	must(t, err)
	b, err := i.Verify(ctx, issue(t, i, desk), noon)
	must(t, err)
	if a.ID == b.ID {
		t.Errorf("both tokens are %s", a.ID)
	}
}

func TestATokenLivesNoLongerThanADay(t *testing.T) {
	short := issuer(t, key(t, 1))
	if _, err := short.Issue(desk, noon, token.MaxLifetime); err != nil {
		t.Error(err)
	}
	if text, err := short.Issue(desk, noon, token.MaxLifetime+time.Second); err == nil {
		t.Errorf("issued: %s", text)
	}
	// One that was issued for longer, by whatever had the key.
	long, err := token.NewIssuer(48*time.Hour, key(t, 1))
	must(t, err)
	text, err := long.Issue(desk, noon, 24*time.Hour+time.Second)
	must(t, err)
	_, err = short.Verify(ctx, text, noon)
	refused(t, err, token.TooOld)
}

func TestKeysRotateWithoutATokenBeingLost(t *testing.T) {
	former, next := key(t, 1), key(t, 2)
	i := issuer(t, former)
	old := issue(t, i, desk)
	must(t, i.Use(next, former))
	fresh := issue(t, i, desk)
	for what, text := range map[string]string{"of the former key": old, "of the new key": fresh} {
		if _, err := i.Verify(ctx, text, noon); err != nil {
			t.Errorf("a token %s: %v", what, err)
		}
	}
	if kid := headerOf(t, fresh)["kid"]; kid != next.ID() {
		t.Errorf("the new token is signed by %s, want %s", kid, next.ID())
	}
	must(t, i.Use(next))
	_, err := i.Verify(ctx, old, noon)
	refused(t, err, token.UnknownKey)
	if _, err := i.Verify(ctx, fresh, noon); err != nil {
		t.Error(err)
	}
	if err := i.Use(); err == nil {
		t.Error("the last key was taken away")
	}
}

func headerOf(t *testing.T, text string) map[string]any {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(text, jwt.MapClaims{})
	must(t, err)
	return parsed.Header
}
