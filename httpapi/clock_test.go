package httpapi_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
	"tizilim/domain/rules"
	wall "tizilim/eventstore/clock"
	"tizilim/eventstore/command"
	"tizilim/httpapi"
)

// moved has one more process serve the API. Its clock is that of the registry with what set
// holds added, and it is compared with the clock of the event store.
func (r *registry) moved(set *atomic.Int64) {
	r.t.Helper()
	began := r.clock.Now()
	k := wall.New(wall.Config{
		Bound: wall.DefaultBound, Wall: func() time.Time { return r.clock.Now().Add(time.Duration(set.Load())) },
		Elapsed: func() time.Duration { return r.clock.Now().Sub(began) }, Logger: r.log,
	})
	k.Follow(r.store)
	_ = k.Check(r.ctx()) // as a process does before it serves
	c := r.config
	c.Metrics, c.Now, c.Clock = prometheus.NewRegistry(), k.Now, k
	c.Commands = r.handlerWith(r.store, r.store, readModel{r.model, r.watch}, rules.Book{}, func(c *command.Config) {
		c.Now, c.Clock = k.Now, k
	})
	r.server = httpapi.New(c)
	r.http.Config.Handler = r.server
}

// TestV7_AProcessWhoseClockIsWrongRecordsNothingAndAnotherGoesOn: the second process has the
// clock of the event store beside its own.
func TestV7_AProcessWhoseClockIsWrongRecordsNothingAndAnotherGoesOn(t *testing.T) {
	for name, off := range map[string]time.Duration{"a day ahead": 24 * time.Hour, "an hour back": -time.Hour} {
		for _, when := range []string{"from its start", "after its start"} {
			t.Run(name+" "+when, func(t *testing.T) {
				r := start(t)
				s := r.at(t)
				list, citizen := s.list(), s.citizen()
				right := r.server
				var set atomic.Int64
				if when == "from its start" {
					set.Store(int64(off))
				}
				r.moved(&set)
				if when == "after its start" {
					s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(s.citizen(), list)).is(201)
					set.Store(int64(off))
				}
				a := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(citizen, list)).
					refused(http.StatusServiceUnavailable, domain.CodeClockDisagrees, "")
				if a.header.Get("Retry-After") == "" {
					t.Error("it does not say when to send it again")
				}
				s.notReady(string(domain.CodeClockDisagrees))
				s.get("/v1/persons/"+citizen+"/residence", s.token(domain.RoleProvider)).is(http.StatusOK) // reads go on
				if n := strings.Count(r.logged.String(), "commands are refused"); n != 1 {
					t.Errorf("it says so %d times in the log", n)
				}

				wrong := r.server
				r.http.Config.Handler = right
				s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(citizen, list)).is(201)

				r.http.Config.Handler = wrong
				set.Store(0)
				r.clock.pass(3 * time.Second)
				s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(s.citizen(), list)).is(201)
			})
		}
	}
}
