package httpapi_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

// refusalStep is the least that a citizen waits for the refusal of a record.
const refusalStep = 10 * time.Millisecond

// citizenOperations are those in whose address a citizen can name a record.
func (w matters) citizenOperations() (all []route) {
	for _, op := range w.operations() {
		if slices.Contains(op.Roles, domain.RoleCitizen) && op.Of.Recorded() {
			all = append(all, op)
		}
	}
	return all
}

// refusal is how long the refusal of the address took, up to its last byte.
func (s *subtest) refusal(method, path, bearer string) time.Duration {
	s.t.Helper()
	var sent io.Reader
	if method != http.MethodGet {
		sent = strings.NewReader("{}")
	}
	request, err := http.NewRequest(method, s.http.URL+path, sent)
	must(s.t, err)
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", fmt.Sprint("refusal-", s.keys.Add(1)))
	began := time.Now()
	response, err := s.http.Client().Do(request)
	must(s.t, err)
	_, err = io.Copy(io.Discard, response.Body)
	took := time.Since(began)
	must(s.t, err)
	must(s.t, response.Body.Close())
	if response.StatusCode != http.StatusNotFound {
		s.t.Fatalf("%s %s: %d", method, path, response.StatusCode)
	}
	return took
}

// askedLog counts how often the commands ask the log.
type askedLog struct {
	command.Log
	times atomic.Int64
}

func (l *askedLog) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	l.times.Add(1)
	return l.Log.Read(ctx, stream, from)
}

func (l *askedLog) ReadPage(ctx context.Context, stream string, from uint64, n int) ([]domain.Recorded, error) {
	l.times.Add(1)
	return l.Log.ReadPage(ctx, stream, from, n)
}

// TestTheRefusalOfAnothersRecordAsksTheLogAsThatOfNone: of a citizen who is alone, one who
// represents somebody, and one in whom another record was merged.
func TestTheRefusalOfAnothersRecordAsksTheLogAsThatOfNone(t *testing.T) {
	log := &askedLog{}
	r := start(t, func(set *settings) {
		set.commands = func(l command.Log) command.Log { log.Log = l; return log }
	})
	w := newMatters(r.at(t))
	nowhere := w
	nowhere.address = nil
	parent, survivor := w.citizen(), w.citizen()
	w.ward(parent)
	twin := w.citizen()
	w.command("/v1/persons/"+twin+"/merges", w.token(domain.RoleOperator), body{
		"survivor_id": survivor, "replaced_iin": "of_absorbed", "basis": paper,
	}).is(http.StatusOK)
	for who, bearer := range map[string]string{"alone": w.as(w.citizen()), "a parent": w.as(parent), "a survivor": w.as(survivor)} {
		for _, op := range w.citizenOperations() {
			asks := func(path string) int64 {
				w.refusal(op.Method, path, bearer) // what is loaded once
				before := log.times.Load()
				w.refusal(op.Method, path, bearer)
				return log.times.Load() - before
			}
			if others, none := asks(w.path(op)), asks(nowhere.path(op)); others != none {
				t.Errorf("%s: %s asks the log %d times for another's record, and %d times for none", op.ID, who, others, none)
			}
		}
	}
}

// No refusal comes before the first step of the grid, whatever the work behind it.
func TestARefusalOfARecordWaitsForTheGrid(t *testing.T) {
	r := start(t)
	w := newMatters(r.at(t))
	nowhere := w
	nowhere.address = nil
	bearer := w.as(w.citizen())
	for _, op := range w.citizenOperations() {
		for what, path := range map[string]string{"another's": w.path(op), "none": nowhere.path(op)} {
			if took := w.refusal(op.Method, path, bearer); took < refusalStep {
				t.Errorf("%s: %s was refused after %v, before %v", op.ID, what, took, refusalStep)
			}
		}
	}
}

// BenchmarkARefusal asks whether times tell another's record from one that does not exist:
// for every operation in whose address a citizen can name a record, -benchtime 5000x calls
// each 5000 times. All operations are called at the same time, each in random order, so
// that what a call leaves behind falls on both alike. It fails where the times differ by
// more than chance explains (Mann-Whitney, one in ten thousand for each operation).
func BenchmarkARefusal(b *testing.B) {
	r := start(b)
	w := newMatters(r.at(b))
	nowhere := w
	nowhere.address = nil
	bearer := w.as(w.citizen())
	operations := w.citizenOperations()
	took := make([][2][]time.Duration, len(operations))
	var all sync.WaitGroup
	for n, op := range operations {
		paths := [2]string{w.path(op), nowhere.path(op)}
		for _, path := range paths {
			w.refusal(op.Method, path, bearer) // what is loaded once
		}
		all.Go(func() {
			for _, call := range rand.Perm(2 * b.N) {
				i := call % 2
				took[n][i] = append(took[n][i], w.refusal(op.Method, paths[i], bearer))
			}
		})
	}
	all.Wait()
	worst := 0.0
	for n, op := range operations {
		others, none := took[n][0], took[n][1]
		chance, z := laterChance(others, none)
		worst = max(worst, math.Abs(z))
		found := fmt.Sprintf("%-28s medians %v (another's) and %v (none), chance of being later %.3f, z %.1f",
			op.ID, median(others), median(none), chance, z)
		if b.Log(found); math.Abs(z) > 3.9 {
			b.Error("times tell another's record from none: " + op.ID)
		}
	}
	b.ReportMetric(worst, "worst-z")
}

// laterChance is the chance that one of a is later than one of b, a half where nothing
// tells them apart, and how many standard deviations that is from a half (Mann-Whitney).
func laterChance(a, b []time.Duration) (chance, z float64) {
	type sample struct {
		took time.Duration
		of   int
	}
	var all []sample
	for _, t := range a {
		all = append(all, sample{t, 1})
	}
	for _, t := range b {
		all = append(all, sample{t, 0})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.took, y.took) })
	ranks := 0.0
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].took == all[i].took {
			end++
		}
		for _, x := range all[i:end] {
			ranks += float64(x.of) * float64(i+1+end) / 2 // equal times share their ranks
		}
		i = end
	}
	n, m := float64(len(a)), float64(len(b))
	u := ranks - n*(n+1)/2
	return u / (n * m), (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func TestTheComparisonOfTimesTellsWhatDiffers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(shift time.Duration) (all []time.Duration) {
		for range 2000 {
			all = append(all, refusalStep+shift+time.Duration(random.NormFloat64()*float64(100*time.Microsecond)))
		}
		return all
	}
	if chance, z := laterChance(draw(0), draw(0)); math.Abs(z) > 3 || math.Abs(chance-0.5) > 0.03 {
		t.Errorf("of the same times: %.3f, z %.1f", chance, z)
	}
	if _, z := laterChance(draw(20*time.Microsecond), draw(0)); z < 4 {
		t.Errorf("of times 20 µs apart: z %.1f", z)
	}
	if chance, z := laterChance([]time.Duration{1, 1}, []time.Duration{1, 1}); chance != 0.5 || z != 0 {
		t.Errorf("of equal times: %.3f, z %.1f", chance, z)
	}
}
