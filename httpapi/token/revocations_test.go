package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/revocation"
	"tizilim/httpapi/token"
)

// revoked is a log of revocations.
type revoked struct {
	mu     sync.Mutex
	events []domain.Recorded
	cut    bool
	reads  int
}

func (l *revoked) ReadPage(_ context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	if l.cut {
		return nil, errors.New("cut")
	}
	if stream != revocation.Stream || from >= uint64(len(l.events)) {
		return nil, nil
	}
	return l.events[from:min(int(from)+limit, len(l.events))], nil
}

func (l *revoked) append(e domain.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, domaintest.Recorded(len(l.events), e))
}

func (l *revoked) setCut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
}

// follow has a checker with running revocations, until the test ends, in a bubble where
// time passes at once.
func follow(t *testing.T, l *revoked, test func(c *token.Checker, i *token.Issuer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		i := issuer(t, key(t, 1))
		r := token.NewRevocations(l, quiet)
		ctx, cancel := context.WithCancel(context.Background())
		var work sync.WaitGroup
		work.Go(func() { r.Run(ctx) })
		synctest.Wait()
		test(checker(t, i, r), i)
		cancel()
		work.Wait()
	})
}

// unavailable expects that the token cannot be checked now.
func unavailable(t *testing.T, err error) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestARevocationBitesWithinASecondAlsoForARememberedToken(t *testing.T) {
	l := &revoked{}
	follow(t, l, func(c *token.Checker, i *token.Issuer) {
		mine, other, colleague := issue(t, i, desk), issue(t, i, desk), issue(t, i, person)
		for _, text := range []string{mine, other, colleague} {
			_, err := c.Check(ctx, text, noon)
			must(t, err)
		}
		v, err := i.Verify(ctx, mine, noon)
		must(t, err)
		until := time.Now().Add(revocation.Remembered)
		l.append(revocation.TokenRevoked{TokenID: v.ID, RevokedAt: noon, Until: until})
		time.Sleep(time.Second)
		_, err = c.Check(ctx, mine, noon)
		refused(t, err, token.Revoked)
		_, err = c.Check(ctx, other, noon)
		must(t, err)

		l.append(revocation.AccountRevoked{Account: desk.Account, RevokedAt: noon, Until: until})
		l.append(revocation.AccountRevoked{
			Account: person.PersonID.String(), RevokedAt: noon.Add(-time.Second), Until: until,
		})
		time.Sleep(time.Second)
		_, err = c.Check(ctx, other, noon)
		refused(t, err, token.Revoked)
		_, err = c.Check(ctx, colleague, noon) // issued after the revocation of this account
		must(t, err)
	})
}

func TestManyRevocationsAreReadToTheirEnd(t *testing.T) {
	l := &revoked{}
	until := noon.AddDate(100, 0, 0)
	for n := range 1200 {
		l.append(revocation.AccountRevoked{Account: fmt.Sprint("desk-", n), RevokedAt: noon, Until: until})
	}
	follow(t, l, func(c *token.Checker, i *token.Issuer) {
		for _, n := range []int{0, 499, 500, 1199} {
			p := desk
			p.Account = fmt.Sprint("desk-", n)
			_, err := c.Check(ctx, issue(t, i, p), noon)
			refused(t, err, token.Revoked)
		}
	})
}

func TestWithoutNewsOfRevocationsNoTokenOfStaffIsAccepted(t *testing.T) {
	l := &revoked{}
	follow(t, l, func(c *token.Checker, i *token.Issuer) {
		staff, citizen := issue(t, i, desk), issue(t, i, person)
		l.setCut(true)
		time.Sleep(9 * time.Second)
		_, err := c.Check(ctx, staff, noon)
		must(t, err)
		time.Sleep(2 * time.Second)
		_, err = c.Check(ctx, staff, noon)
		unavailable(t, err)
		_, err = c.Check(ctx, citizen, noon)
		must(t, err)
		l.setCut(false)
		time.Sleep(time.Second)
		_, err = c.Check(ctx, staff, noon)
		must(t, err)
	})
}

func TestUntilTheRevocationsWereReadOnceNoTokenIsAccepted(t *testing.T) {
	l := &revoked{cut: true}
	follow(t, l, func(c *token.Checker, i *token.Issuer) {
		for _, p := range []token.Principal{desk, person} {
			_, err := c.Check(ctx, issue(t, i, p), noon)
			unavailable(t, err)
		}
		l.setCut(false)
		time.Sleep(time.Second)
		_, err := c.Check(ctx, issue(t, i, person), noon)
		must(t, err)
	})
}

func TestRequestsAskNobodyAboutRevocations(t *testing.T) {
	l := &revoked{}
	follow(t, l, func(c *token.Checker, i *token.Issuer) {
		text, before := issue(t, i, desk), l.reads
		for range 1000 {
			_, err := c.Check(ctx, text, noon)
			must(t, err)
		}
		if l.reads != before {
			t.Errorf("1000 requests read the log %d times", l.reads-before)
		}
	})
}

// ahead is an issuer whose clock may be ahead of ours.
type ahead struct{ *token.Issuer }

func (a ahead) Verify(ctx context.Context, text string, now time.Time) (token.Verified, error) {
	v, err := a.Issuer.Verify(ctx, text, now)
	v.IssuedAt, v.Skew = v.IssuedAt.Add(30*time.Second), 30*time.Second
	return v, err
}

func TestARevocationReachesTokensOfAnIssuerWhoseClockIsAhead(t *testing.T) {
	l := &revoked{}
	follow(t, l, func(_ *token.Checker, i *token.Issuer) {
		l.append(revocation.AccountRevoked{Account: desk.Account, RevokedAt: noon, Until: noon.AddDate(100, 0, 0)})
		r := token.NewRevocations(l, quiet)
		must(t, r.ReadOn(ctx))
		_, err := checker(t, ahead{i}, r).Check(ctx, issue(t, i, desk), noon)
		refused(t, err, token.Revoked)
	})
}
