package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/httpapi"
)

// trouble is an error of the event store that knows its reason.
type trouble struct{ reason, sentence string }

func (t trouble) Error() string            { return t.sentence }
func (t trouble) EventStoreReason() string { return t.reason }

// witnessed is a log that remembers how its appends went.
type witnessed struct {
	httpapi.Log
	err atomic.Pointer[error]
}

func (w *witnessed) AppendFailure() error {
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}

// reasons are the codes of an answer of /readyz.
func (a *answer) reasons() []string {
	a.t.Helper()
	codes := []string{}
	list, ok := a.body["reasons"].([]any)
	if !ok {
		a.t.Fatalf("no list of reasons: %s", a.text)
	}
	for _, r := range list {
		r := r.(map[string]any)
		if len(strings.Fields(fmt.Sprint(r["detail"]))) < 3 {
			a.t.Errorf("a reason without a sentence: %v", r)
		}
		codes = append(codes, r["code"].(string))
	}
	return codes
}

// notReady fails the test unless the registry is not ready for these reasons.
func (s *subtest) notReady(codes ...string) *answer {
	s.t.Helper()
	a := s.get("/readyz", "").is(http.StatusServiceUnavailable)
	if got := a.reasons(); !slices.Equal(got, codes) || a.at("ready") != false || a.header.Get("Retry-After") == "" {
		s.t.Errorf("not ready for %v, want %v: %s", got, codes, a.text)
	}
	return a
}

func TestReadinessComparesTheModelWithTheLog(t *testing.T) {
	r, model, head := late(t)
	s := r.at(t)
	s.citizen()
	r.until(
		"the model has all",
		func() bool { return s.get("/readyz", "").is(http.StatusOK).at("read_model", "caught_up") == true },
	)
	if a := s.get("/readyz", ""); len(a.reasons()) != 0 || a.at("event_store_reason") != nil ||
		a.at("read_model", "head") != float64(s.head()) {
		t.Errorf("ready: %s", a.text)
	}

	model.close()
	s.citizen()
	if a := s.get("/readyz", "").is(http.StatusOK); a.at("ready") != true || a.at("read_model", "caught_up") != false {
		t.Errorf("a moment late: %s", a.text)
	}
	r.until("it is seen to stand still", func() bool { return s.get("/readyz", "").status != http.StatusOK })
	a := s.notReady("model_stands_still")
	if a.at("event_store") != "answers" || a.at("read_model", "projector") != true ||
		a.at("read_model", "lag_seconds").(float64) < 1 {
		t.Errorf("standing still: %s", a.text)
	}
	model.open()
	r.until("it moves again", func() bool {
		a := s.get("/readyz", "")
		return a.status == http.StatusOK && a.at("read_model", "caught_up") == true
	})

	head.ends.Store(1) // restored from before
	r.until("it is seen to be ahead", func() bool { return s.get("/readyz", "").status != http.StatusOK })
	if a := s.notReady("log_replaced"); a.at("read_model", "caught_up") != false {
		t.Errorf("ahead of the log: %s", a.text)
	}
	head.ends.Store(0)
	s.get("/readyz", "").is(http.StatusOK)

	r.projector()
	s.notReady("no_projector")
}

func TestReadinessSaysWhatIsWrongWithTheEventStore(t *testing.T) {
	witness, head := &witnessed{}, &heads{}
	r := start(t, func(set *settings) {
		set.log = func(l httpapi.Log) httpapi.Log { witness.Log = l; return witness }
		set.head = head.of
	})
	s := r.at(t)
	for _, c := range []struct {
		name string
		err  error
		code string
		says string
	}{
		{"known", trouble{"credentials", "the event store at esdb://host:2113 refuses the user \"tizilim\" or its password"}, "credentials", "refuses the user"},
		{"secret", fmt.Errorf("call: %w", trouble{"refused", "nobody listens at esdb+discover://admin:p@ss@host:2113?tls=true"}), "refused", "esdb+discover://host:2113"},
		{"unknown", errors.New("dial esdb://admin:changeit@host failed"), "event_store_unavailable", "does not answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := r.at(t)
			head.fail(c.err)
			defer head.fail(nil)
			a := s.notReady(c.code)
			if a.at("event_store") != "does not answer" || a.at("event_store_reason", "code") != c.code ||
				a.at("read_model", "answers") != true {
				t.Errorf("readiness: %s", a.text)
			}
			if !strings.Contains(a.text, c.says) || strings.Contains(a.text, "p@ss") ||
				strings.Contains(a.text, "changeit") {
				t.Errorf("readiness says %s", a.text)
			}
		})
	}
	for said, err := range map[string]error{
		"was not acknowledged": errors.New("append: cut off from esdb://admin:changeit@host"),
		"has no quorum":        trouble{"no_leader", "the leader has no quorum"},
	} {
		witness.err.Store(&err)
		a := s.notReady("no_append")
		if a.at("event_store") != "answers" || a.at("event_store_reason", "code") != "no_append" ||
			!strings.Contains(a.text, said) ||
			strings.Contains(a.text, "changeit") {
			t.Errorf("readiness: %s", a.text)
		}
	}
	witness.err.Store(nil)
	s.get("/readyz", "").is(http.StatusOK)
}

// Each part has its own time: who is slow does not make the other look down.
func TestASlowEventStoreDoesNotMakeRedisLookDown(t *testing.T) {
	t.Parallel()
	head := &heads{takes: time.Minute}
	s := start(t, func(set *settings) { set.head = head.of }).at(t)
	began := time.Now()
	a := s.notReady("event_store_unavailable")
	if a.at("event_store") != "does not answer" || a.at("read_model", "answers") != true ||
		a.at("read_model", "serving") == float64(0) {
		t.Errorf("readiness: %s", a.text)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

// What the event store says of itself is no defect of the registry.
func TestTroubleOfTheEventStoreIs503(t *testing.T) {
	var broken atomic.Bool
	r := start(t, func(set *settings) {
		set.log = func(l httpapi.Log) httpapi.Log { return troubled{l, &broken} }
	})
	s := r.at(t)
	person := s.citizen()
	broken.Store(true)
	for _, path := range []string{"/v1/persons/" + person + "/residence?as_of=2026-03-01", "/v1/persons/" + person + "/history"} {
		s.get(path, s.token(domain.RoleAuditor)).refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
	}
}

// troubled is a log whose reads fail, where it is broken, with a reason and with
// nothing else.
type troubled struct {
	httpapi.Log
	broken *atomic.Bool
}

func (l troubled) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	if l.broken.Load() {
		return nil, fmt.Errorf("read %s: %w", stream, trouble{"rights", "the user may not read"})
	}
	return l.Log.ReadPage(ctx, stream, from, limit)
}

func (l troubled) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		if _, err := l.ReadPage(ctx, stream, from, 1); err != nil {
			yield(domain.Recorded{}, err)
			return
		}
		l.Log.Read(ctx, stream, from)(yield)
	}
}
