package revocation_test

import (
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/revocation"
)

const desk = "desk-7"

func command(at time.Time) domain.Command { return domain.Command{Now: at} }

func TestRevocationIsRecordedOnce(t *testing.T) {
	noon := domaintest.Noon()
	token := revocation.TokenRevoked{
		TokenID: "t-1", Reason: revocation.Lost, RevokedAt: noon, Until: noon.Add(revocation.Remembered),
	}
	account := revocation.AccountRevoked{
		Account: desk, Reason: revocation.Left, RevokedAt: noon, Until: noon.Add(revocation.Remembered),
	}
	later := account
	later.RevokedAt, later.Until = noon.Add(time.Second), noon.Add(time.Second).Add(revocation.Remembered)
	revoke := func(id string) func(*revocation.List) ([]domain.Event, error) {
		return func(l *revocation.List) ([]domain.Event, error) {
			return l.RevokeToken(command(noon), id, revocation.Lost)
		}
	}
	revokeAccount := func(name string, at time.Time) func(*revocation.List) ([]domain.Event, error) {
		return func(l *revocation.List) ([]domain.Event, error) {
			return l.RevokeAccount(command(at), name, revocation.Left)
		}
	}
	domaintest.Run(t, []domaintest.Spec[revocation.List]{
		{Name: "a token", When: revoke("t-1"), Then: []domain.Event{token}},
		{Name: "a token again", Given: []domain.Event{token}, When: revoke("t-1")},
		{Name: "a token without an id", When: revoke(""), Refused: domain.CodeTokenIDFormat},
		{Name: "a token with a space", When: revoke("t 1"), Refused: domain.CodeTokenIDFormat},
		{Name: "an account", When: revokeAccount(desk, noon), Then: []domain.Event{account}},
		{Name: "an account at the same instant", Given: []domain.Event{account}, When: revokeAccount(desk, noon)},
		{
			Name: "an account later: tokens issued meanwhile fall", Given: []domain.Event{account},
			When: revokeAccount(desk, noon.Add(time.Second)), Then: []domain.Event{later},
		},
		{Name: "an account that is an IIN", When: revokeAccount("999999000012", noon), Refused: domain.CodeAccountFormat},
	})
}

func TestWhatIsRevokedIsRefusedAndNothingElse(t *testing.T) {
	noon := domaintest.Noon()
	l := domaintest.Fold[revocation.List](
		revocation.TokenRevoked{TokenID: "t-1", RevokedAt: noon, Until: noon.Add(time.Hour)},
		revocation.AccountRevoked{Account: desk, RevokedAt: noon, Until: noon.Add(time.Hour)},
	)
	for _, c := range []struct {
		what, id, account string
		issued            time.Time
		refused           bool
	}{
		{"the token", "t-1", "other", noon.Add(time.Minute), true},
		{"another token of its account", "t-2", "other", noon, false},
		{"a token without an id", "", "other", noon, false},
		{"an earlier token of the account", "t-3", desk, noon.Add(-time.Hour), true},
		{"a token of the account of that instant", "t-3", desk, noon, true},
		{"a later token of the account", "t-3", desk, noon.Add(time.Second), false},
	} {
		if got := l.Refuses(c.id, c.account, c.issued); got != c.refused {
			t.Errorf("%s: refused %t", c.what, got)
		}
	}
	l.Forget(noon.Add(time.Hour))
	if !l.Refuses("t-1", "", noon) || !l.Refuses("", desk, noon) {
		t.Error("a revocation was forgotten too early")
	}
	l.Forget(noon.Add(time.Hour + 1))
	if l.Refuses("t-1", "", noon) || l.Refuses("", desk, noon) {
		t.Error("a revocation was not forgotten")
	}
}
