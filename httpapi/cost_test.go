package httpapi_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/projections"
)

// BenchmarkCostOfTrust compares a registry on a log that is sealed and chained with one on
// a plain log: the same requests, over HTTP, by several clients at once, against an event
// store on files and a real Redis. The registries take turns, so that what else the machine
// does falls on both. An iteration is one turn of each.
//
// The table has for each kind of command the median of all turns, and of the costs within a
// turn. "cpu" is the cost in time of the processors: of clients, API, event store, projector
// and builder of heads, until all of them are done with the turn. It is steadier than the
// rate on a machine that has other work too.
//
//	record    a new person: makes a data key
//	contacts  states a new telephone: a sealed value of a person who has a key
//	register  a registration: no personal value
//	apply     receives an application for housing
//	place     decides on it: appends to the case and to the list
//	load      a registration by a process that does not know the person or the key
//	rebuild   a generation of the read model, per event
func BenchmarkCostOfTrust(b *testing.B) {
	plain, trusted := newCostSide(b, true), newCostSide(b, false)
	for _, s := range []*costSide{plain, trusted} { // what happens once, such as connecting, is no cost of a command
		s.turn(b)
		clear(s.rates)
		clear(s.processors)
	}
	for turn := 0; b.Loop(); turn++ {
		sides := []*costSide{plain, trusted}
		if turn%2 == 1 {
			slices.Reverse(sides)
		}
		for _, s := range sides {
			s.turn(b)
		}
	}
	b.ReportMetric(0, "ns/op")
	reportCost(b, plain, trusted)
}

const (
	costClients = 8
	costPersons = 256 // of one turn
)

// costSide is one of the two registries.
type costSide struct {
	*registry
	plain                    bool
	operator, commission     string // tokens
	dwelling, elsewhere      string
	lists                    []string
	persons, cases, citizens []string // of the turn, the last as tokens

	kinds             []string             // in the order of their first turn
	rates, processors map[string][]float64 // by kind: per second of each turn, and microseconds of each command
}

func newCostSide(b *testing.B, plain bool) *costSide {
	b.Helper()
	dir, err := os.MkdirTemp("", "cost")
	must(b, err)
	b.Cleanup(func() { os.RemoveAll(dir) })
	s := &costSide{plain: plain, rates: map[string][]float64{}, processors: map[string][]float64{}}
	s.registry = start(b, func(set *settings) {
		set.redis = func(t testing.TB) projections.Client { client, _ := realRedis(t); return client }
		set.dir, set.plain, set.quiet = dir, plain, true
	})
	at := s.at(b)
	s.operator, s.commission = at.token(domain.RoleOperator), at.token(domain.RoleCommission)
	s.dwelling, s.elsewhere = at.dwelling(), at.dwelling()
	for i := range costClients { // each its own, since a list takes one placement after the other
		s.lists = append(s.lists, at.listOf(fmt.Sprint("body ", i)))
	}
	return s
}

// turn takes every measurement once.
func (s *costSide) turn(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var building sync.WaitGroup
	if !s.plain {
		building.Go(func() { s.builder.Run(ctx) })
	}
	s.persons, s.citizens = make([]string, costPersons), make([]string, costPersons)
	s.cases = make([]string, costPersons)
	bodies := make([]body, costPersons)
	for i := range bodies {
		bodies[i] = body{"iin": s.iin(), "name": "Айгүл Серікқызы", "birth_date": "1990-05-17", "class": "citizen"}
	}
	s.measure(b, "record", func(i int) (err error) {
		s.persons[i], err = s.post("/v1/persons", s.operator, bodies[i], "person_id")
		return err
	})
	for i, person := range s.persons {
		s.citizens[i] = s.at(b).as(person)
	}
	first := s.phones.Add(costPersons)
	s.measure(b, "contacts", func(i int) error {
		phone := fmt.Sprintf("+7701%07d", first-int64(i))
		_, err := s.post("/v1/me/contacts", s.citizens[i], body{"phone": phone, "language": "kk"}, "")
		return err
	})
	s.measure(b, "register", func(i int) error {
		_, err := s.post("/v1/registrations", s.operator, registration(s.persons[i], s.dwelling, "2026-01-10", ""), "")
		return err
	})
	s.measure(b, "apply", func(i int) (err error) {
		to := application(s.persons[i], s.lists[i%len(s.lists)])
		s.cases[i], err = s.post("/v1/housing-applications", s.operator, to, "case_id")
		return err
	})
	s.measure(b, "place", func(i int) error {
		_, err := s.post("/v1/cases/"+s.cases[i]+"/decision", s.commission, placing, "")
		return err
	})
	s.forget(b)
	s.measure(b, "load", func(i int) error {
		_, err := s.post("/v1/registrations", s.operator, registration(s.persons[i], s.elsewhere, "2026-01-20", ""), "")
		return err
	})
	cancel()
	building.Wait()
	if !s.plain {
		s.proven()
	}
	s.rebuild(b)
}

// forget has the process know no stream and no key any more.
func (s *costSide) forget(b *testing.B) {
	s.restarted(unchanged)
	for _, id := range s.persons {
		s.store.ForgetKeys(parse[domain.PersonID](id).UUID)
	}
}

// measure has the clients send one request for each person of the turn.
func (s *costSide) measure(b *testing.B, kind string, send func(i int) error) {
	b.Helper()
	before, began := processorTime(b), time.Now()
	var clients errgroup.Group
	for c := range costClients {
		clients.Go(func() error {
			for i := c; i < costPersons; i += costClients {
				if err := send(i); err != nil {
					return fmt.Errorf("%s: %w", kind, err)
				}
			}
			return nil
		})
	}
	must(b, clients.Wait())
	took := time.Since(began)
	head, err := s.store.Head(b.Context())
	must(b, err)
	s.until("the model has the turn", func() bool { return s.model.Await(b.Context(), head) == nil })
	s.note(kind, costPersons, took, processorTime(b)-before)
}

// rebuild builds a generation of the read model.
func (s *costSide) rebuild(b *testing.B) {
	b.Helper()
	var events uint64
	before, began := processorTime(b), time.Now()
	must(b, s.projection.Rebuild(b.Context(), func(p projections.Progress) { events = p.Events }))
	s.note("rebuild", int(events), time.Since(began), processorTime(b)-before)
}

func (s *costSide) note(kind string, done int, took, processors time.Duration) {
	if !slices.Contains(s.kinds, kind) {
		s.kinds = append(s.kinds, kind)
	}
	s.rates[kind] = append(s.rates[kind], float64(done)/took.Seconds())
	s.processors[kind] = append(s.processors[kind], float64(processors.Microseconds())/float64(done))
}

// processorTime is how long this process has used the processors.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// post sends a command and returns a member of the answer, which must be that of success.
func (s *costSide) post(path, token string, b body, member string) (string, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequest(http.MethodPost, s.http.URL+path, bytes.NewReader(text))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", s.key())
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("%s: %s: %s: %w", path, response.Status, text, err)
	}
	if member == "" {
		return "", nil
	}
	var answered map[string]any
	err = json.Unmarshal(text, &answered)
	value, _ := answered[member].(string)
	return value, err
}

// reportCost prints the table.
func reportCost(b *testing.B, plain, trusted *costSide) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "what\tplain/s\ttrusted/s\tcost\tcpu plain\tcpu trusted\tcost\t")
	for _, kind := range plain.kinds {
		slower := costs(plain.rates[kind], trusted.rates[kind])
		dearer := costs(trusted.processors[kind], plain.processors[kind])
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f %%\t%.0f µs\t%.0f µs\t%.0f %%\t\n", kind,
			median(plain.rates[kind]), median(trusted.rates[kind]), median(slower),
			median(plain.processors[kind]), median(trusted.processors[kind]), median(dearer))
		b.ReportMetric(median(slower), kind+"-cost-%")
	}
	must(b, w.Flush())
	b.Logf("%d turns of %d commands of each kind by %d clients\n%s",
		len(plain.rates["record"]), costPersons, costClients, &text)
}

// costs is by how many percent the one is above the other, in each turn.
func costs(of, above []float64) []float64 {
	c := make([]float64, len(of))
	for i := range of {
		c[i] = 100 * (of[i]/above[i] - 1)
	}
	return c
}

func median[N cmp.Ordered](of []N) N {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}
