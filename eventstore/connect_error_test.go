package eventstore_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/eventstoretest/standin"
)

// answering is a server with a version that refuses every read.
type answering struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer
	version string
	refusal error
	trailer metadata.MD
}

func (a *answering) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: a.version}, nil
}

func (a *answering) Read(_ *streams.ReadReq, call streams.Streams_ReadServer) error {
	call.SetTrailer(a.trailer)
	return a.refusal
}

// serve starts the server as a leader and returns its connection string.
func (a *answering) serve(t *testing.T) string { return "esdb://" + serveStreams(t, a) + "?tls=false" }

// silent accepts connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// reasonOf calls the store until it gives the reason, for some seconds at most.
func reasonOf(t *testing.T, s *eventstore.Store, want eventstore.Reason) (why *eventstore.ConnectError, err error) {
	t.Helper()
	for patience := time.After(20 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err = s.Head(ctx)
		cancel()
		if errors.As(err, &why) && why.Reason == want {
			return why, err
		}
		select {
		case <-patience:
			return why, err
		default:
		}
	}
}

func TestEachFailureToConnectHasAReasonAndASentence(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	node := startNode(t, t.TempDir(), "127.0.0.1:0").Addr().String()
	leaderless := standin.Start(t)
	leader := leaderless.AwaitLeader(t.Context())
	leaderless.Kill(leader)
	leaderless.Kill((leader + 1) % 3)
	denied := &answering{version: "24.10.0", refusal: status.Error(codes.PermissionDenied, "Access Denied")}
	for _, c := range []struct {
		name, address string
		reason        eventstore.Reason
		says          string
	}{
		{"a name without an address", "esdb://nobody.invalid:2113?tls=false", eventstore.NameNotFound, "check the host"},
		{
			"one name of several nodes without an address", "esdb+discover://nobody.invalid:2113?tls=false",
			eventstore.NameNotFound, "check the host",
		},
		{"nobody listens", "esdb://" + gone + "?tls=false", eventstore.Refused, "no server listens there"},
		{
			"nobody of several listens", "esdb://" + gone + "," + gone + "?tls=false", eventstore.Refused,
			"no server listens there",
		},
		{"no answer", "esdb://" + silent(t) + "?tls=false&gossipTimeout=1", eventstore.Timeout, "does not answer in time"},
		{"a server without TLS", "esdb://" + node, eventstore.BadCertificate, "tls=false"},
		{"too old", (&answering{version: "22.10.5"}).serve(t), eventstore.TooOld, "23.10 or later"},
		{
			"a version that is none", (&answering{version: "24.10.14-prerelease"}).serve(t), eventstore.VersionUnreadable,
			"14-prerelease",
		},
		{
			"not ready",
			(&answering{version: "24.10.0", refusal: status.Error(codes.Unavailable, "Server Is Not Ready")}).serve(t),
			eventstore.NoLeader, "has no leader now",
		},
		{"a cluster without a leader", leaderless.ConnectionString(), eventstore.NoLeader, "has no leader now"},
		{"nobody knows the caller", denied.serve(t), eventstore.BadCredentials, "no user is given"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t, c.address)
			why, err := reasonOf(t, s, c.reason)
			if why == nil || why.Reason != c.reason || why.EventStoreReason() != string(c.reason) {
				t.Fatalf("%v, want %s", err, c.reason)
			}
			if !strings.Contains(why.Error(), c.says) {
				t.Errorf("%q does not say %q", why, c.says)
			}
			if domain.CodeOf(err) != domain.CodeLogUnavailable {
				t.Errorf("%v is no passing failure to the caller", err)
			}
		})
	}
}

// A leader that refuses permanently is still the leader. The next attempt must return the
// same reason, and not that there is no leader.
func TestAPermanentReasonIsReturnedEachTime(t *testing.T) {
	denied := &answering{version: "24.10.0", refusal: status.Error(codes.Unauthenticated, "who is that")}
	s := openStore(t, strings.Replace(denied.serve(t), "esdb://", "esdb+discover://", 1))
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Head(ctx)
		var why *eventstore.ConnectError
		if !errors.As(err, &why) || why.Reason != eventstore.BadCredentials {
			t.Errorf("%v, want %s", err, eventstore.BadCredentials)
		}
	}
}

// The end of a caller's context is not a failure of the server.
func TestACallerWhoGivesUpIsNotAFailureOfTheServer(t *testing.T) {
	connected := openStore(t, server(t))
	if _, err := connected.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, s := range map[string]*eventstore.Store{
		"connected": connected, "connecting": openStore(t, "esdb://"+silent(t)+"?tls=false"),
	} {
		_, err := s.ReadPage(gone, newList().Stream(), 0, 1)
		var why *eventstore.ConnectError
		if errors.As(err, &why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Discovery does not wait for a machine that is down.
func TestNoLeaderIsReportedWithoutWaitingForASilentNode(t *testing.T) {
	c := standin.Start(t)
	leader := c.AwaitLeader(t.Context())
	c.Kill(leader)
	c.Kill((leader + 1) % 3)
	left := strings.TrimPrefix(c.Node((leader+2)%3).ConnectionString(), "esdb://")
	s := openStore(t, "esdb://"+silent(t)+","+left)
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	_, err := s.Head(ctx)
	var why *eventstore.ConnectError
	if !errors.As(err, &why) || why.Reason != eventstore.NoLeader {
		t.Errorf("%v, want %s", err, eventstore.NoLeader)
	}
}

func TestOpenRejectsAWrongSetting(t *testing.T) {
	for address, says := range map[string]string{
		"esdb://localhost?tlsCAFile=/nowhere/ca.crt":                       "tlsCaFile",
		"esdb://localhost?tlsCaFile=doc.go":                                "no certificate in PEM",
		"esdb://localhost?userCertFile=/nowhere/u.crt&userKeyFile=/no/key": "user certificate",
		"esdb://localhost?defaultDeadline=soon":                            "defaultDeadline",
		"esdb://localhost?gossipTimeout=0":                                 "gossipTimeout",
		"esdb://localhost?userCertFile=/nowhere/u.crt":                     "userKeyFile",
	} {
		s, err := eventstore.Open(address, quiet)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was accepted", address)
		} else if !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %q does not say %q", address, err, says)
		}
	}
}

func TestSeveralHostsAndOneNameFindTheLeader(t *testing.T) {
	c := standin.Start(t)
	follower := c.Node((c.Leader() + 1) % 3)
	for _, address := range []string{
		c.ConnectionString(), c.Discover(), follower.ConnectionString(),
		strings.Replace(follower.ConnectionString(), "esdb://127.0.0.1", "esdb+discover://localhost", 1),
	} {
		s := openStore(t, address)
		list := newList()
		if err := appendUntilAcknowledged(t.Context(), s, list, 0); err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if n := len(read(t, s, list.Stream(), 0)); n != 1 {
			t.Errorf("%s: %d events", address, n)
		}
	}
}
