package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"tizilim/eventstore/eventstoretest"
)

// step is an operation on one stream and what it answered.
type step struct {
	stream string
	// expected is what an append expects, nil for a read.
	expected esdb.ExpectedRevision
	id       string
}

type seen struct {
	refused  bool
	revision uint64 // of the event appended
	ids      string // of all events read, each with a space after it
}

// streamModel is one stream as a register: its state is the ids in it.
var streamModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byStream := make(map[string][]porcupine.Operation)
		for _, o := range history {
			stream := o.Input.(step).stream
			byStream[stream] = append(byStream[stream], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range byStream {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		ids, in, out := state.(string), input.(step), output.(seen)
		length := uint64(strings.Count(ids, " "))
		if in.expected == nil {
			return out.ids == ids, ids
		}
		fits := true
		switch e := in.expected.(type) {
		case esdb.NoStream:
			fits = length == 0
		case esdb.StreamExists:
			fits = length > 0
		case esdb.StreamRevision:
			fits = e.Value+1 == length
		}
		if !fits {
			return out.refused, ids
		}
		return !out.refused && out.revision == length, ids + in.id + " "
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// TestConcurrentHistoriesAreLinearizable lets clients race on a few streams and checks that their results are
// possible for operations one after another.
func TestConcurrentHistoriesAreLinearizable(t *testing.T) {
	const clients, steps, streamCount = 6, 60, 3
	node := start(t, t.TempDir())
	began := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	var wg sync.WaitGroup
	for c := range clients {
		client := eventstoretest.Connect(t, node.ConnectionString())
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(c)))
			last := make(map[string]uint64)
			for range steps {
				in := step{stream: fmt.Sprintf("race-%d", random.IntN(streamCount))}
				switch random.IntN(6) {
				case 0:
					in.expected = esdb.NoStream{}
				case 1:
					in.expected = esdb.StreamExists{}
				case 2:
					in.expected = esdb.Any{}
				case 3, 4:
					in.expected = esdb.Revision(last[in.stream])
				}
				called := time.Since(began)
				out, err := take(client, &in, last)
				if err != nil {
					t.Errorf("%+v: %v", in, err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{
					ClientId: c, Input: in, Output: out, Call: int64(called), Return: int64(time.Since(began)),
				})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if result, _ := porcupine.CheckOperationsVerbose(streamModel, history, 30*time.Second); result != porcupine.Ok {
		t.Fatalf("the history of %d operations is not linearizable: %s", len(history), result)
	}
}

// take does the step and notes the last revision that it learned of.
func take(client *esdb.Client, in *step, last map[string]uint64) (seen, error) {
	if in.expected == nil {
		list, err := collect(client.ReadStream(context.Background(), in.stream, esdb.ReadStreamOptions{}, ^uint64(0)))
		var e *esdb.Error
		if err != nil && (!errors.As(err, &e) || e.Code() != esdb.ErrorCodeResourceNotFound) {
			return seen{}, err
		}
		var out seen
		for _, e := range list {
			out.ids += e.Event.EventID.String() + " "
			last[in.stream] = e.Event.EventNumber
		}
		return out, nil
	}
	id := uuid.New()
	in.id = id.String()
	expected := esdb.AppendToStreamOptions{ExpectedRevision: in.expected}
	result, err := client.AppendToStream(context.Background(), in.stream, expected,
		esdb.EventData{EventID: id, EventType: "Raced"})
	switch outcomeOf(err) {
	case success:
		last[in.stream] = result.NextExpectedVersion
		return seen{revision: result.NextExpectedVersion}, nil
	case wrongVersion:
		return seen{refused: true}, nil
	default:
		return seen{}, err
	}
}
