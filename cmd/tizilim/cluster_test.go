package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore/eventstoretest/standin"
)

var (
	changes = flag.Int("changes", 20, "how often TestLoopsOutliveChangesOfLeader changes the leader")
	seed    = flag.Uint64("seed", 0, "seed of the changes of TestLoopsOutliveChangesOfLeader; 0: random")
)

// TestLoopsOutliveChangesOfLeader runs two servers of one registry on a cluster while a
// loop issues commands through each. The leader of the cluster is killed, resigns, is
// cut off and freezes. The loops fail at any error but a 503, and check at their end
// that everything acknowledged is in the log once. Meanwhile nobody may get on two
// lists of one body, and each server must know what the other has recorded.
func TestLoopsOutliveChangesOfLeader(t *testing.T) {
	t.Parallel()
	c := standin.Start(t)
	flags := []string{"--default-bodies", "--eventstore", c.ConnectionString(), "--redis", startRedis(t, freePort(t))}
	one := serve(t, dataDir(t), "127.0.0.1:0", flags...)
	shared := dataDir(t)
	if err := os.CopyFS(filepath.Join(shared, "keys"), os.DirFS(filepath.Join(one.data, "keys"))); err != nil {
		t.Fatal(err)
	}
	servers := []*server{one, serve(t, shared, "127.0.0.1:0", flags...)}

	var loops []*process
	for _, s := range servers {
		loops = append(loops, launch(t, "demo", "--loop", "--clients", "2", "--url", s.url, "--data", s.data))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	over := make(chan struct{})
	var checking sync.WaitGroup
	var checks int
	checking.Go(func() {
		checks = placeOnTwoLists(ctx, t, storytellerFor(t, servers[0]), storytellerFor(t, servers[1]), over)
	})

	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	c.Changes(ctx, *seed, *changes, 300*time.Millisecond)
	close(over)
	checking.Wait()
	t.Logf("%d persons were placed through one server and refused through the other", checks)
	for _, l := range loops {
		l.progresses()
		l.signal(syscall.SIGTERM)
	}
	for _, l := range loops {
		l.exits(0)
		l.succeeds()
	}
	for _, s := range servers {
		if err := answers(s.url+"/readyz", http.StatusOK); err != nil {
			t.Error(err)
		}
	}
	one.verifies()
}

// placeOnTwoLists places people through one server and tries to place them on another
// list of the same body through the other server, which must refuse (Q5). It goes on
// until over is closed and returns the number of people.
func placeOnTwoLists(ctx context.Context, t *testing.T, one, two *storyteller, over <-chan struct{}) (checks int) {
	lists := make([]domain.ListID, 2)
	for i := range lists {
		var err error
		if lists[i], err = one.openList(ctx, "Екі тізім "+uuid.NewString()); err != nil {
			t.Error(err)
			return 0
		}
	}
	for {
		select {
		case <-over:
			return checks
		default:
		}
		if err := placeTwice(ctx, one, two, lists); err != nil {
			t.Error(err)
			return checks
		}
		one, two, checks = two, one, checks+1
	}
}

func placeTwice(ctx context.Context, one, two *storyteller, lists []domain.ListID) error {
	p, err := one.record(ctx, "Екі тізімдегі", "1990-01-01", "citizen", true)
	if err != nil {
		return err
	}
	if iin, known := one.iins.Load(p.id); known { // so that the other storyteller can sign for the person
		two.iins.Store(p.id, iin)
	}
	if err := two.isKnown(ctx, p.id); err != nil {
		return err
	}
	first, err := one.apply(ctx, lists[0], p, true)
	if err != nil {
		return fmt.Errorf("a person of the other server: %w", err)
	}
	second, err := two.apply(ctx, lists[1], p, true)
	if err != nil {
		return fmt.Errorf("a person of the other server: %w", err)
	}
	if _, err := one.place(ctx, &first); err != nil {
		return err
	}
	var refused *refusedError
	if _, err := two.place(ctx, &second); !errors.As(err, &refused) ||
		refused.Code != string(domain.CodeAlreadyOnList) {
		return fmt.Errorf(
			"cases %s and %s of one person, on two lists of one body: %w",
			first.caseID,
			second.caseID,
			err,
		)
	}
	return nil
}

// isKnown reads a person who is recorded, without a Tizilim-Position. The answer may be
// old, but it may not be that there is no such person.
func (t *storyteller) isKnown(ctx context.Context, id domain.PersonID) error {
	token, err := t.token(as(domain.RoleAuditor))
	if err != nil {
		return err
	}
	for {
		request, err := http.NewRequestWithContext(
			ctx,
			http.MethodGet,
			t.url+"/v1/persons/"+id.String()+"/residence",
			nil,
		)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := t.http.Do(request)
		if err != nil {
			return err
		}
		if err := response.Body.Close(); err != nil {
			return err
		}
		switch response.StatusCode {
		case http.StatusOK:
			return nil
		case http.StatusServiceUnavailable:
			continue
		}
		return fmt.Errorf("a person who is recorded: the other server answers %d", response.StatusCode)
	}
}
