package command_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/revocation"
	"tizilim/eventstore/command"
)

func TestRevocationsAtOnceAreAllRecordedAndEachOnce(t *testing.T) {
	l := newLog()
	var work sync.WaitGroup
	for n := range 20 {
		work.Go(func() {
			cmd := envelope(fmt.Sprint("revoke ", n))
			_, err := command.Revoke(context.Background(), l, cmd, func(list *revocation.List) ([]domain.Event, error) {
				return list.RevokeToken(cmd, fmt.Sprint("token-", n/2), revocation.Lost)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	list := domaintest.Fold[revocation.List]()
	recorded := l.stream(revocation.Stream)
	for _, rec := range recorded {
		list.Apply(rec)
	}
	if len(recorded) != 10 {
		t.Errorf("%d events: %v", len(recorded), typesOf(recorded))
	}
	for n := range 10 {
		if !list.Refuses(fmt.Sprint("token-", n), "", domaintest.Noon()) {
			t.Errorf("token-%d is not revoked", n)
		}
	}
}

func TestARevocationThatIsRefusedOrKnownAppendsNothing(t *testing.T) {
	l := newLog()
	revoke := func(name, account string) (bool, error) {
		cmd := envelope(name)
		return command.Revoke(context.Background(), l, cmd, func(list *revocation.List) ([]domain.Event, error) {
			return list.RevokeAccount(cmd, account, revocation.Left)
		})
	}
	if anew, err := revoke("a", "desk-7"); err != nil || !anew {
		t.Fatalf("%t, %v", anew, err)
	}
	if anew, err := revoke("b", "desk-7"); err != nil || anew {
		t.Errorf("the same again: %t, %v", anew, err)
	}
	if anew, err := revoke("c", "desk 7"); domain.CodeOf(err) != domain.CodeAccountFormat || anew {
		t.Errorf("what names no account: %t, %v", anew, err)
	}
	if n := len(l.stream(revocation.Stream)); n != 1 {
		t.Errorf("%d events", n)
	}
}
