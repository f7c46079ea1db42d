package embedded_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// supportedBy24 is the list of a server of version 24.10 without projections.
const supportedBy24 = `
event_store.client.gossip.gossip read
event_store.client.monitoring.monitoring stats
event_store.client.operations.operations mergeindexes
event_store.client.operations.operations resignnode
event_store.client.operations.operations restartpersistentsubscriptions
event_store.client.operations.operations setnodepriority
event_store.client.operations.operations shutdown
event_store.client.operations.operations startscavenge
event_store.client.operations.operations stopscavenge
event_store.client.persistent_subscriptions.persistentsubscriptions create stream all
event_store.client.persistent_subscriptions.persistentsubscriptions delete stream all
event_store.client.persistent_subscriptions.persistentsubscriptions getinfo stream all
event_store.client.persistent_subscriptions.persistentsubscriptions list stream all
event_store.client.persistent_subscriptions.persistentsubscriptions read stream all
event_store.client.persistent_subscriptions.persistentsubscriptions replayparked stream all
event_store.client.persistent_subscriptions.persistentsubscriptions restartsubsystem stream all
event_store.client.persistent_subscriptions.persistentsubscriptions update stream all
event_store.client.redaction.redaction geteventpositions
event_store.client.redaction.redaction switchchunks
event_store.client.server_features.serverfeatures getsupportedmethods
event_store.client.streams.streams append
event_store.client.streams.streams batchappend deadline_duration
event_store.client.streams.streams delete
event_store.client.streams.streams read position events
event_store.client.streams.streams tombstone
event_store.client.users.users changepassword
event_store.client.users.users create
event_store.client.users.users delete
event_store.client.users.users details
event_store.client.users.users disable
event_store.client.users.users enable
event_store.client.users.users resetpassword
event_store.client.users.users update`

func TestTheFeaturesAreThoseOfA24Server(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	got, err := serverfeatures.NewServerFeaturesClient(w.conn).GetSupportedMethods(w.ctx, &shared.Empty{})
	if err != nil || got.EventStoreServerVersion != "24.10.14" {
		t.Fatalf("%v, %v, want version 24.10.14", got, err)
	}
	listed := make(map[string]bool)
	for _, m := range got.Methods {
		listed[strings.Join(append([]string{m.ServiceName, m.MethodName}, m.Features...), " ")] = true
	}
	wanted := strings.Split(strings.TrimSpace(supportedBy24), "\n")
	for _, line := range wanted {
		if !listed[line] {
			t.Errorf("missing: %s", line)
		}
	}
	if len(got.Methods) != len(wanted) {
		t.Errorf("%d methods, want %d", len(got.Methods), len(wanted))
	}
}

func TestAbsentMethodsAreNamed(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	const elsewhere = " not part of this single-node event store: use an EventStoreDB server for that."
	for method, want := range map[string]string{
		"/event_store.client.streams.Streams/Rename": "The service event_store.client.streams.Streams " +
			"has no method Rename.",
		"/event_store.client.gossip.Gossip/Update": "The service event_store.client.gossip.Gossip " +
			"has no method Update.",
		"/event_store.client.persistent_subscriptions.PersistentSubscriptions/Read": "Persistent subscriptions are" + elsewhere,
		"/event_store.client.projections.Projections/Create":                        "Projections are" + elsewhere,
		"/event_store.client.users.Users/Create":                                    "Users are" + elsewhere,
		"/event_store.client.operations.Operations/Shutdown":                        "Operations of the server are" + elsewhere,
		"/event_store.client.monitoring.Monitoring/Stats":                           "Statistics over gRPC are" + elsewhere,
		"/event_store.client.redaction.Redaction/SwitchChunks":                      "Redaction is" + elsewhere,
		"/event_store.cluster.Elections/Prepare":                                    "The service event_store.cluster.Elections is" + elsewhere,
		"/nobody.Knows/It":                                                          "The service nobody.Knows is" + elsewhere,
	} {
		err := w.conn.Invoke(w.ctx, method, &shared.Empty{}, &shared.Empty{})
		if s, _ := status.FromError(err); s.Code() != codes.Unimplemented || s.Message() != want {
			t.Errorf("%s: %v, want %q", method, err, want)
		}
	}
}

// TestTheGoClientShowsTheSentenceOfTheNode needs the methods to be listed: a client itself refuses what a server
// does not list.
func TestTheGoClientShowsTheSentenceOfTheNode(t *testing.T) {
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	ctx := context.Background()
	for name, call := range map[string]func() error{
		"create on a stream": func() error {
			return client.CreatePersistentSubscription(ctx, "s", "g", esdb.PersistentStreamSubscriptionOptions{})
		},
		"create on $all": func() error {
			return client.CreatePersistentSubscriptionToAll(ctx, "g", esdb.PersistentAllSubscriptionOptions{})
		},
		"list": func() error {
			_, err := client.ListAllPersistentSubscriptions(ctx, esdb.ListPersistentSubscriptionsOptions{})
			return err
		},
		"subscribe": func() error {
			_, err := client.SubscribeToPersistentSubscription(ctx, "s", "g", esdb.SubscribeToPersistentSubscriptionOptions{})
			return err
		},
		"restart": func() error {
			return client.RestartPersistentSubscriptionSubsystem(ctx, esdb.RestartPersistentSubscriptionSubsystemOptions{})
		},
	} {
		if err := call(); !strings.Contains(fmt.Sprint(err), "Persistent subscriptions are not part of") {
			t.Errorf("%s: %v, want the node's sentence", name, err)
		}
	}
}

func TestARefusedCallEndsAfterItsFirstMessage(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	const method = "/event_store.client.persistent_subscriptions.PersistentSubscriptions/Read"
	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	t.Run("sent late", func(t *testing.T) {
		call, err := w.conn.NewStream(w.ctx, desc, method)
		if err != nil {
			t.Fatal(err)
		}
		// Within the patience of the node; without it, this finds the call ended.
		time.Sleep(50 * time.Millisecond)
		if err := call.SendMsg(&shared.Empty{}); err != nil {
			t.Errorf("%v, want the message taken", err)
		}
		if err := call.RecvMsg(&shared.Empty{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("%v, want it refused", err)
		}
	})
	t.Run("never sent", func(t *testing.T) {
		call, err := w.conn.NewStream(w.ctx, desc, method)
		if err != nil {
			t.Fatal(err)
		}
		if err := call.RecvMsg(&shared.Empty{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("%v, want it refused", err)
		}
	})
}
