package embedded_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// BenchmarkAppend appends single events of 256 bytes by several writers, each on its own stream. A writer
// waits until its event is synced.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			client := eventstoretest.Connect(b, start(b, b.TempDir()).ConnectionString())
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := w; i < b.N; i += writers {
						e := esdb.EventData{EventID: uuid.New(), EventType: "Written", Data: make([]byte, 256)}
						stream, options := fmt.Sprintf("bench-%d", w), esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}
						if _, err := client.AppendToStream(context.Background(), stream, options, e); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// benchEvents is how many events a benchmark of reads receives at a time.
const benchEvents = 20_000

// BenchmarkRead compares reads through the official client with reads from a null server, which sends the same
// messages from memory as fast as gRPC can. It reads from both alternately. of_null is the ratio of the fastest
// times, cpu_of_null that of the CPU times of this process, which include the client. 1 is the best.
//
// A catch-up with one event of ten cannot come near: the null server never
// sees the other nine, which the node has to read and look at. of_null_and_scan
// adds to the null server's time that of a scan of the same log that sends
// nothing: where client and node share few processors, that is what is to be
// done, and 1 can be reached.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{200, 1000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			whole, tenth := holding(b, size, 1), holding(b, size, 10)
			b.Run("stream", func(b *testing.B) { againstNull(b, whole, readRequest("bench"), readBenchStream) })
			b.Run("stream-among-others", func(b *testing.B) {
				againstNull(b, tenth, readRequest("bench"), readBenchStream)
			})
			b.Run("all", func(b *testing.B) { againstNull(b, whole, allRequest(), readBenchAll) })
			b.Run("catch-up-100%", func(b *testing.B) { againstNull(b, whole, benchFilter(), catchUpWithBench) })
			b.Run("catch-up-10%", func(b *testing.B) {
				againstNull(b, tenth, benchFilter(), catchUpWithBench, func() { scan(b, tenth) })
			})
		})
	}
}

// holding returns a node whose stream bench has benchEvents events of the size
// in bytes, one of so many events of the log, in appends of 50. It was opened
// anew, so that it reads what is on the disk.
func holding(b *testing.B, size, among int) *embedded.Node {
	b.Helper()
	dir := b.TempDir()
	node, err := embedded.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	if err := node.Start("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	client := eventstoretest.Connect(b, node.ConnectionString())
	const each = 50
	for n := range benchEvents / each * among {
		stream := "bench"
		if n%among > 0 {
			stream = "other"
		}
		list := make([]esdb.EventData, each)
		for i := range list {
			list[i] = esdb.EventData{EventID: uuid.New(), EventType: "Written", Data: bytes.Repeat([]byte("data"), size/4)}
		}
		options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}
		if _, err := client.AppendToStream(context.Background(), stream, options, list...); err != nil {
			b.Fatal(err)
		}
	}
	if err := node.Close(); err != nil {
		b.Fatal(err)
	}
	return start(b, dir)
}

func allRequest() *streams.ReadReq {
	r := readRequest("")
	r.Options.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
		AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
	}}
	return r
}

func benchFilter() *streams.ReadReq {
	return filteredRequest(&streams.ReadReq_Options_FilterOptions{
		Filter: &streams.ReadReq_Options_FilterOptions_StreamIdentifier{
			StreamIdentifier: &streams.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"bench"}},
		},
		Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 512},
		CheckpointIntervalMultiplier: 1,
	})
}

func readBenchStream(client *esdb.Client) error {
	return drain(client.ReadStream(context.Background(), "bench", esdb.ReadStreamOptions{}, math.MaxUint64))
}

func readBenchAll(client *esdb.Client) error {
	return drain(client.ReadAll(context.Background(), esdb.ReadAllOptions{}, math.MaxUint64))
}

func drain(read *esdb.ReadStream, err error) error {
	if err != nil {
		return err
	}
	defer read.Close()
	n := 0
	for ; ; n++ {
		if _, err := read.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	if n != benchEvents {
		return fmt.Errorf("%d events, want %d", n, benchEvents)
	}
	return nil
}

func catchUpWithBench(client *esdb.Client) error {
	sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{
		From: esdb.Start{}, MaxSearchWindow: 512, CheckpointInterval: 1,
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"bench"}},
	})
	if err != nil {
		return err
	}
	defer sub.Close()
	for n := 0; n < benchEvents; {
		switch e := sub.Recv(); {
		case e.EventAppeared != nil:
			n++
		case e.SubscriptionDropped != nil:
			return e.SubscriptionDropped.Error
		}
	}
	return nil
}

// scan has the node read all of its log and send nothing.
func scan(b *testing.B, node *embedded.Node) {
	b.Helper()
	r := benchFilter()
	r.Options.GetFilter().GetStreamIdentifier().Prefix = []string{"no stream begins so"}
	r.Options.CountOption = &streams.ReadReq_Options_Count{Count: math.MaxUint64}
	if sent := record(b, node, r); len(sent) != 0 {
		b.Fatalf("%d answers, want none", len(sent))
	}
}

// againstNull reads from the node and from a null server that sends what the
// node answers to the request, which is the one that the client makes. A scan,
// if there is one, is timed beside them.
func againstNull(b *testing.B, node *embedded.Node, request *streams.ReadReq, read func(*esdb.Client) error,
	scan ...func()) {
	ofNode := eventstoretest.Connect(b, node.ConnectionString())
	ofNull := eventstoretest.Connect(b, startNull(b, record(b, node, request)))
	timed := func(client *esdb.Client) cost {
		before, began := processors(b), time.Now()
		if err := read(client); err != nil {
			b.Fatal(err)
		}
		return cost{time.Since(began), processors(b) - before}
	}
	timed(ofNull) // connects
	timed(ofNode)
	var byNode, byNull []cost
	var byScan []cost
	for b.Loop() {
		byNode, byNull = append(byNode, timed(ofNode)), append(byNull, timed(ofNull))
		for _, s := range scan {
			began := time.Now()
			s()
			byScan = append(byScan, cost{wall: time.Since(began)})
		}
	}
	if len(byScan) > 0 {
		floor := fastest(byNull).wall + fastest(byScan).wall
		b.ReportMetric(floor.Seconds()/fastest(byNode).wall.Seconds(), "of_null_and_scan")
	}
	b.ReportMetric(benchEvents/fastest(byNode).wall.Seconds(), "events/s")
	b.ReportMetric(fastest(byNull).wall.Seconds()/fastest(byNode).wall.Seconds(), "of_null")
	b.ReportMetric(frugalest(byNull).cpu.Seconds()/frugalest(byNode).cpu.Seconds(), "cpu_of_null")
}

// cost is that of one read.
type cost struct{ wall, cpu time.Duration }

func fastest(list []cost) cost {
	return slices.MinFunc(list, func(x, y cost) int { return cmp.Compare(x.wall, y.wall) })
}

func frugalest(list []cost) cost {
	return slices.MinFunc(list, func(x, y cost) int { return cmp.Compare(x.cpu, y.cpu) })
}

// processors is how long processors have worked for this process.
func processors(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// rawCodec leaves messages as they are on the wire.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(proto.Message); ok {
		encoded, err := proto.Marshal(m)
		return mem.BufferSlice{mem.SliceBuffer(encoded)}, err
	}
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// record returns the answers of the node to a Read, a subscription's up to
// when it has caught up.
func record(b *testing.B, node *embedded.Node, request *streams.ReadReq) [][]byte {
	b.Helper()
	conn, err := grpc.NewClient(node.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	call, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true},
		streams.Streams_Read_FullMethodName, grpc.ForceCodecV2(rawCodec{}))
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(call.SendMsg(request), call.CloseSend()); err != nil {
		b.Fatal(err)
	}
	var list [][]byte
	for {
		var m []byte
		if err := call.RecvMsg(&m); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			b.Fatal(err)
		}
		list = append(list, m)
		var answer streams.ReadResp
		if err := proto.Unmarshal(m, &answer); err != nil {
			b.Fatal(err)
		}
		if answer.GetCaughtUp() != nil {
			return list
		}
	}
}

// startNull serves the messages as the answer to every Read, and returns its
// connection string.
func startNull(b *testing.B, messages [][]byte) string {
	b.Helper()
	answer := func(_ any, call grpc.ServerStream) error {
		if method, _ := grpc.MethodFromServerStream(call); method != streams.Streams_Read_FullMethodName {
			return status.Error(codes.Unimplemented, "not there")
		}
		var request []byte
		if err := call.RecvMsg(&request); err != nil {
			return err
		}
		for i := range messages {
			if err := call.SendMsg(&messages[i]); err != nil {
				return err
			}
		}
		return nil
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(answer))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	b.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			b.Error(err)
		}
	})
	return fmt.Sprintf("esdb://%s?tls=false", listener.Addr())
}
