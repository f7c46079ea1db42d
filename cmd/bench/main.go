// Command bench measures the registry and, in the same run, its floors: what the parts
// below it take alone, on the same machine. Registry and floors are measured alternately.
// A figure alone says how fast the machine is; the ratio says what the registry costs.
//
//	position read   GET of an entry's number, by its holder   floors: a Gin handler that answers a constant; one ZRANK
//	register        POST of a registration        floor: an append of one event
//	place           POST of a decision (3 appends in a row)   floor: an append of one event
//	projection      building a generation         floor: a subscription from the start of the log
//	replay          a history as NDJSON           floor: a read of the stream
//
// Reads and placements are measured on lists of several lengths, which shows costs that
// grow with the list.
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

	"tizilim/domain"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/sync/errgroup"
)

// plan says how much is measured.
type plan struct {
	sizes   []int         // of lists
	turns   int           // of every measurement
	slot    time.Duration // duration of the reads in one turn
	ops     int           // commands of one client in one turn
	clients int           // clients of the concurrent measurements
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

// line is a line of the table.
type line struct {
	what, list, clients string
	*sample
	floors []floor
}

// floor is a measurement that a line is compared with.
type floor struct {
	what string
	*sample
}

// sample is the measurements of one thing in all turns.
type sample struct {
	mu     sync.Mutex
	done   int
	took   time.Duration
	each   []time.Duration
	sorted bool
}

func (s *sample) rate() float64 { return float64(s.done) / s.took.Seconds() }

// quantile returns "–" where single operations were not timed.
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

// batch counts n operations with their common duration.
func (s *sample) batch(n int, took time.Duration) { s.done, s.took = s.done+n, s.took+took }

// turn lets clients call op up to a number of operations and for a time; 0 is no limit.
// i counts the operations of the turn.
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

// bench is the measurements of one world.
type bench struct {
	*world
	plan
	lists  []*list
	mover  domain.PersonID
	movers []domain.PersonID // for registrations
	moved  int               // how many of movers are registered

	lines []*line // of the table, in order

	reads, places, registers []*line
	projection, replay       *line
}

// readers is the number of clients that read numbers.
const readers = 4

// measure takes every measurement, in turns, and returns the lines of the table.
func measure(ctx context.Context, w *world, p plan) ([]*line, error) {
	b := &bench{world: w, plan: p}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	b.addLines()
	for range p.turns {
		if err := w.reached(ctx); err != nil { // the projector must not run during the reads
			return nil, err
		}
		if err := cmp.Or(b.readTurn(ctx), b.placeTurn(ctx), b.registerTurn(ctx)); err != nil {
			return nil, err
		}
		if err := cmp.Or(
			w.rebuild(ctx, b.projection.sample), w.subscribe(ctx, b.projection.floors[0].sample),
			w.replay(ctx, b.mover, b.replay.sample), w.readStream(ctx, b.mover, b.replay.floors[0].sample),
		); err != nil {
			return nil, err
		}
	}
	return b.lines, nil
}

// prepare records everything that is read and decided later.
func (b *bench) prepare(ctx context.Context) (err error) {
	commands := b.turns * b.ops * (1 + b.clients)
	for _, size := range b.sizes {
		l, err := b.fill(ctx, size, commands+1)
		if err != nil {
			return err
		}
		b.lists = append(b.lists, l)
	}
	if b.mover, err = b.world.mover(ctx, b.moves); err != nil {
		return err
	}
	if b.movers, err = b.persons(ctx, commands); err != nil {
		return err
	}
	if err := b.reached(ctx); err != nil {
		return err
	}
	for _, l := range b.lists { // the first placement after a start reads the whole list
		if err := l.placeNext(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) addLines() {
	several := strconv.Itoa(b.clients)
	for _, l := range b.lists {
		read := line{what: "position read", list: l.length(), clients: strconv.Itoa(readers)}
		b.reads = append(b.reads, b.add(read, "bare Gin handler", "ZRANK"))
	}
	for _, l := range b.lists {
		for _, clients := range []string{"1", several} {
			place := line{what: "place", list: l.length(), clients: clients}
			b.places = append(b.places, b.add(place, "append of one event"))
		}
	}
	for _, clients := range []string{"1", several} {
		b.registers = append(b.registers, b.add(line{what: "register", clients: clients}, "append of one event"))
	}
	b.projection = b.add(line{what: "projection, events", clients: "1"}, "subscription")
	b.replay = b.add(line{what: "replay, events", clients: "1"}, "read of the stream")
}

// add adds a line with its floors.
func (b *bench) add(l line, floors ...string) *line {
	l.sample = &sample{}
	for _, what := range floors {
		l.floors = append(l.floors, floor{what, &sample{}})
	}
	b.lines = append(b.lines, &l)
	return &l
}

func (b *bench) readTurn(ctx context.Context) error {
	for i, l := range b.lists {
		read := b.reads[i]
		if err := cmp.Or(
			l.locate(ctx),
			read.turn(readers, 0, b.slot, func(i int) error { return l.number(ctx, i) }),
			read.floors[0].turn(readers, 0, b.slot, func(int) error { return b.constant(ctx) }),
			read.floors[1].turn(readers, 0, b.slot, func(i int) error { return l.rank(ctx, i) }),
		); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) placeTurn(ctx context.Context) error {
	for i, l := range b.lists {
		for j, clients := range []int{1, b.clients} {
			place := b.places[2*i+j]
			if err := cmp.Or(
				place.turn(clients, clients*b.ops, 0, func(int) error { return l.placeNext(ctx) }),
				place.floors[0].turn(clients, clients*b.ops, 0, func(int) error { return b.appendOne(ctx) }),
			); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) registerTurn(ctx context.Context) error {
	for j, clients := range []int{1, b.clients} {
		first, register := b.moved, b.registers[j]
		b.moved += clients * b.ops
		if err := cmp.Or(
			register.turn(clients, clients*b.ops, 0, func(i int) error { return b.register(ctx, b.movers[first+i]) }),
			register.floors[0].turn(clients, clients*b.ops, 0, func(int) error { return b.appendOne(ctx) }),
		); err != nil {
			return err
		}
	}
	return nil
}
