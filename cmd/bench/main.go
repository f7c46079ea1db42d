// Command bench measures the registry against floors of the same run: what the
// parts below it take by themselves, on the same machine, at the same time,
// slot by slot in turn. A figure alone says how fast the machine is; the ratio
// says what the registry costs.
//
//	position read   GET of an entry's number, by its holder   floors: a Gin handler that answers a constant; one ZRANK
//	register        POST of a registration        floor: an append of one event
//	place           POST of a decision (3 appends in a row)   floor: an append of one event
//	projection      filling a generation          floor: a subscription from the start of the log
//	replay          a history as NDJSON           floor: a read of the stream
//
// Reads and placements are measured on lists of several lengths: what grows with
// the list shows in the column.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/sync/errgroup"
)

// plan is how much is measured.
type plan struct {
	sizes   []int         // of lists
	turns   int           // of every measurement
	slot    time.Duration // of reads in one turn
	ops     int           // of a command in one turn, by one client; several clients do ops each
	clients int           // of the concurrent measurements
	moves   int           // of the person whose history is replayed
}

func main() {
	sizes := flag.String("sizes", "100,1000,10000", "lengths of the lists on a real Redis")
	small := flag.String("in-process-sizes", "100,1000", "lengths of the lists on the in-process Redis")
	p := plan{}
	flag.IntVar(&p.turns, "turns", 3, "turns of every measurement")
	flag.DurationVar(&p.slot, "slot", 250*time.Millisecond, "length of a turn of reads")
	flag.IntVar(&p.ops, "ops", 10, "commands of one client in a turn")
	flag.IntVar(&p.clients, "clients", 16, "concurrent clients")
	flag.IntVar(&p.moves, "moves", 400, "moves of the person whose history is replayed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	began := time.Now()
	if err := run(ctx, p, *sizes, *small); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
	fmt.Printf("\nmeasured in %s\n", time.Since(began).Round(time.Second))
}

func run(ctx context.Context, p plan, sizes, small string) (err error) {
	if binary, err := exec.LookPath("redis-server"); err != nil {
		fmt.Println("redis-server is not installed: only the in-process Redis is measured")
	} else {
		address, end, err := startRedis(binary)
		if err != nil {
			return err
		}
		defer end()
		if err := engine(ctx, p, "redis-server", address, sizes); err != nil {
			return err
		}
	}
	return engine(ctx, p, "in-process Redis", "", small)
}

// engine measures everything on one kind of Redis.
func engine(ctx context.Context, p plan, name, redis, sizes string) error {
	p.sizes = nil
	for _, s := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("sizes: %w", err)
		}
		p.sizes = append(p.sizes, n)
	}
	w, err := newWorld(redis)
	if err != nil {
		return err
	}
	defer w.close()
	lines, err := measure(ctx, w, p)
	if err != nil {
		return err
	}
	t := table.NewWriter()
	t.SetOutputMirror(os.Stdout)
	t.SetStyle(table.StyleLight)
	t.SetTitle(name)
	t.AppendHeader(table.Row{"What", "List", "Clients", "per second", "p50", "p99", "Floor", "per second", "Ratio"})
	var configs []table.ColumnConfig
	for _, n := range []int{2, 3, 4, 5, 6, 8, 9} {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	for _, l := range lines {
		for i, f := range l.floors {
			row := table.Row{"", "", "", "", "", ""}
			if i == 0 {
				row = table.Row{l.what, l.list, l.clients, perSecond(l.sample), l.quantile(0.5), l.quantile(0.99)}
			}
			t.AppendRow(append(row, f.what, perSecond(f.sample), fmt.Sprintf("%.2f", l.rate()/f.rate())))
		}
	}
	t.Render()
	return nil
}

func perSecond(s *sample) string { return fmt.Sprintf("%.0f", s.rate()) }

// line of the table.
type line struct {
	what, list, clients string
	*sample
	floors []floor
}

// floor is what a line is compared with.
type floor struct {
	what string
	*sample
}

// sample is what was measured of one thing, in all its turns.
type sample struct {
	mu     sync.Mutex
	done   int
	took   time.Duration
	each   []time.Duration
	sorted bool
}

func (s *sample) rate() float64 { return float64(s.done) / s.took.Seconds() }

// quantile is shown as "–" where single operations were not timed.
func (s *sample) quantile(q float64) string {
	if len(s.each) == 0 {
		return "–"
	}
	if !s.sorted {
		slices.Sort(s.each)
		s.sorted = true
	}
	return s.each[int(q*float64(len(s.each)-1))].Round(10 * time.Microsecond).String()
}

// batch counts n operations that took a time together.
func (s *sample) batch(n int, took time.Duration) { s.done, s.took = s.done+n, s.took+took }

// turn lets clients carry out op until the limit of operations, of time, or of
// both; 0 is no limit. i counts the operations of the turn.
func (s *sample) turn(clients, limit int, slot time.Duration, op func(i int) error) error {
	var begun atomic.Int64
	var group errgroup.Group
	began := time.Now()
	for range clients {
		group.Go(func() error {
			var each []time.Duration
			for slot == 0 || time.Since(began) < slot {
				i := int(begun.Add(1)) - 1
				if limit > 0 && i >= limit {
					break
				}
				start := time.Now()
				if err := op(i); err != nil {
					return err
				}
				each = append(each, time.Since(start))
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.each = append(s.each, each...)
			s.done += len(each)
			return nil
		})
	}
	err := group.Wait()
	s.took += time.Since(began)
	return err
}

// measure takes every measurement, in turns, and returns the lines of the table.
func measure(ctx context.Context, w *world, p plan) ([]line, error) {
	lists := make([]*list, len(p.sizes))
	for i, size := range p.sizes {
		var err error
		if lists[i], err = w.fill(ctx, size, p.turns*p.ops*(1+p.clients)+1); err != nil {
			return nil, err
		}
	}
	mover, err := w.mover(ctx, p.moves)
	if err != nil {
		return nil, err
	}
	movers, err := w.persons(ctx, p.turns*p.ops*(1+p.clients))
	if err != nil {
		return nil, err
	}
	if err := w.reached(ctx); err != nil {
		return nil, err
	}
	for _, l := range lists { // the first placement reads the list; so does the first after a start
		if err := l.placeNext(ctx); err != nil {
			return nil, err
		}
	}

	var lines []line
	add := func(l line) *line {
		l.sample = &sample{}
		for i := range l.floors {
			l.floors[i].sample = &sample{}
		}
		lines = append(lines, l)
		return &lines[len(lines)-1]
	}
	lines = make([]line, 0, 64) // add returns pointers into it
	const readers = 4
	several := strconv.Itoa(p.clients)
	var reads, places, registers []*line
	for _, l := range lists {
		reads = append(reads, add(line{what: "position read", list: l.length(), clients: strconv.Itoa(readers),
			floors: []floor{{what: "bare Gin handler"}, {what: "ZRANK"}}}))
	}
	for _, l := range lists {
		for _, clients := range []string{"1", several} {
			places = append(places, add(line{what: "place", list: l.length(), clients: clients, floors: []floor{{what: "append of one event"}}}))
		}
	}
	for _, clients := range []string{"1", several} {
		registers = append(registers, add(line{what: "register", clients: clients, floors: []floor{{what: "append of one event"}}}))
	}
	projection := add(line{what: "projection, events", clients: "1", floors: []floor{{what: "subscription"}}})
	replay := add(line{what: "replay, events", clients: "1", floors: []floor{{what: "read of the stream"}}})

	next := 0 // of movers
	for range p.turns {
		if err := w.reached(ctx); err != nil { // the projector is not to be measured with the reads
			return nil, err
		}
		for i, l := range lists {
			read := reads[i]
			err := cmp.Or(
				l.locate(ctx),
				read.turn(readers, 0, p.slot, func(i int) error { return l.number(ctx, i) }),
				read.floors[0].turn(readers, 0, p.slot, func(int) error { return w.constant(ctx) }),
				read.floors[1].turn(readers, 0, p.slot, func(i int) error { return l.rank(ctx, i) }))
			if err != nil {
				return nil, err
			}
		}
		for i, l := range lists {
			for j, clients := range []int{1, p.clients} {
				place := places[2*i+j]
				err := cmp.Or(
					place.turn(clients, clients*p.ops, 0, func(int) error { return l.placeNext(ctx) }),
					place.floors[0].turn(clients, clients*p.ops, 0, func(int) error { return w.appendOne(ctx) }))
				if err != nil {
					return nil, err
				}
			}
		}
		for j, clients := range []int{1, p.clients} {
			first := next
			next += clients * p.ops
			err := cmp.Or(
				registers[j].turn(clients, clients*p.ops, 0, func(i int) error { return w.register(ctx, movers[first+i]) }),
				registers[j].floors[0].turn(clients, clients*p.ops, 0, func(int) error { return w.appendOne(ctx) }))
			if err != nil {
				return nil, err
			}
		}
		if err := cmp.Or(w.rebuild(ctx, projection.sample), w.subscribe(ctx, projection.floors[0].sample),
			w.replay(ctx, mover, replay.sample), w.readStream(ctx, mover, replay.floors[0].sample)); err != nil {
			return nil, err
		}
	}
	return lines, nil
}
