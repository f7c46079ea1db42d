package embedded

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// protocolVersion is the version of the server that the node behaves like. Clients choose
// their calls by it.
const protocolVersion = "24.10.14"

// protocolService is a service of the protocol, in lower case as the server lists it.
type protocolService struct {
	name    string
	methods []string
	absent  string // beginning of the sentence that refuses it, such as "Users are"; empty: the node has it
}

// protocolServices are the services of a server without projections. The list has also
// those that the node lacks: clients would refuse an unlisted service themselves, and
// would not show the sentence of the node.
var protocolServices = []protocolService{
	{"event_store.client.persistent_subscriptions.persistentsubscriptions", []string{
		"create", "update", "delete", "read", "getinfo", "replayparked", "list", "restartsubsystem",
	}, "Persistent subscriptions are"},
	{"event_store.client.users.users", []string{
		"create", "update", "delete", "disable", "enable", "details", "changepassword", "resetpassword",
	}, "Users are"},
	{"event_store.client.streams.streams", []string{"read", "append", "delete", "tombstone", "batchappend"}, ""},
	{"event_store.client.operations.operations", []string{
		"startscavenge", "stopscavenge", "shutdown", "mergeindexes", "resignnode", "setnodepriority",
		"restartpersistentsubscriptions",
	}, "Operations of the server are"},
	{"event_store.client.gossip.gossip", []string{"read"}, ""},
	{"event_store.client.monitoring.monitoring", []string{"stats"}, "Statistics over gRPC are"},
	{"event_store.client.server_features.serverfeatures", []string{"getsupportedmethods"}, ""},
	{"event_store.client.redaction.redaction", []string{"geteventpositions", "switchchunks"}, "Redaction is"},
}

// unlistedServices are absent too, and such a server does not list them.
var unlistedServices = []protocolService{
	{"event_store.client.projections.projections", nil, "Projections are"},
}

// methodFeatures returns the features of a method that clients may use.
func methodFeatures(service, method string) []string {
	switch {
	case strings.Contains(service, ".persistent_subscriptions."):
		return []string{"stream", "all"}
	case strings.Contains(service, ".streams.") && method == "read":
		return []string{"position", "events"}
	case strings.Contains(service, ".streams.") && method == "batchappend":
		return []string{"deadline_duration"}
	}
	return nil
}

type featuresService struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

// GetSupportedMethods lists what clients may call.
func (featuresService) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	supported := &serverfeatures.SupportedMethods{EventStoreServerVersion: protocolVersion}
	for _, service := range protocolServices {
		for _, method := range service.methods {
			supported.Methods = append(supported.Methods, &serverfeatures.SupportedMethod{
				ServiceName: service.name, MethodName: method, Features: methodFeatures(service.name, method),
			})
		}
	}
	return supported, nil
}

// refusalTimeout is how long the refusal of a call waits for the first message. A client
// loses the reason where the call ends before its first send.
const refusalTimeout = time.Second

// refuseUnknown answers every call of a service or a method that the node lacks.
func refuseUnknown(_ any, call grpc.ServerStream) error {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = call.RecvMsg(new(shared.Empty)) // the content does not matter; it returns at the end of the call
	}()
	select {
	case <-sent:
	case <-time.After(refusalTimeout):
	}
	called, _ := grpc.MethodFromServerStream(call)
	service, method, _ := strings.Cut(strings.TrimPrefix(called, "/"), "/")
	named := func(s protocolService) bool { return s.name == strings.ToLower(service) }
	absent := "The service " + service + " is"
	known := slices.Concat(protocolServices, unlistedServices)
	switch i := slices.IndexFunc(known, named); {
	case i < 0:
	case known[i].absent != "":
		absent = known[i].absent
	default:
		return status.Error(codes.Unimplemented, fmt.Sprintf("The service %s has no method %s.", service, method))
	}
	return status.Error(codes.Unimplemented,
		absent+" not part of this single-node event store: use an EventStoreDB server for that.")
}
