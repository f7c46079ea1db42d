package eventstore_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

// follower is a node of a cluster that does not lead. It refuses calls that require the
// leader and names the leader, as the server does.
type follower struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer
	leader  *net.TCPAddr
	refused atomic.Int64
	without atomic.Int64 // calls that did not require the leader
}

func (f *follower) refuse(ctx context.Context, set func(metadata.MD)) error {
	if got := metadata.ValueFromIncomingContext(ctx, "requires-leader"); len(got) != 1 || got[0] != "true" {
		f.without.Add(1)
	}
	f.refused.Add(1)
	set(metadata.Pairs("exception", "not-leader",
		"leader-endpoint-host", f.leader.IP.String(), "leader-endpoint-port", strconv.Itoa(f.leader.Port)))
	return status.Error(codes.NotFound, "Leader info available")
}

func (f *follower) Append(s streams.Streams_AppendServer) error {
	return f.refuse(s.Context(), s.SetTrailer)
}

func (f *follower) Read(_ *streams.ReadReq, s streams.Streams_ReadServer) error {
	return f.refuse(s.Context(), s.SetTrailer)
}

func (f *follower) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: "23.10.8"}, nil
}

// gossiping answers gossip requests and names a leader.
type gossiping struct {
	gossip.UnimplementedGossipServer
	leader *net.TCPAddr
}

func (g *gossiping) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		State: gossip.MemberInfo_Leader, IsAlive: true,
		HttpEndPoint: &gossip.EndPoint{Address: g.leader.IP.String(), Port: uint32(g.leader.Port)},
	}}}, nil
}

// streamsAndFeatures is a server that a client can use.
type streamsAndFeatures interface {
	streams.StreamsServer
	serverfeatures.ServerFeaturesServer
}

// serveStreams serves it as a leader until the test ends and returns its address.
func serveStreams(t *testing.T, it streamsAndFeatures) string {
	t.Helper()
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, it)
	serverfeatures.RegisterServerFeaturesServer(server, it)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gossip.RegisterGossipServer(server, &gossiping{leader: listener.Addr().(*net.TCPAddr)})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func startFollower(t *testing.T, leader net.Addr) (*follower, string) {
	t.Helper()
	f := &follower{leader: leader.(*net.TCPAddr)}
	return f, serveStreams(t, f)
}

func TestEveryCallRequiresTheLeaderAndFindsIt(t *testing.T) {
	leader := startNode(t, t.TempDir(), "127.0.0.1:0")
	list := newList()
	for what, do := range map[string]func(*eventstore.Store) error{
		"append": func(s *eventstore.Store) error {
			_, err := s.Append(t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "a")})
			return err
		},
		"read": func(s *eventstore.Store) error {
			_, err := s.ReadPage(t.Context(), list.Stream(), 0, 1)
			return err
		},
		"head": func(s *eventstore.Store) error {
			_, err := s.Head(t.Context())
			return err
		},
		"note": func(s *eventstore.Store) error {
			looked(t, s, 1)
			return nil
		},
	} {
		once, address := startFollower(t, leader.Addr())
		if err := do(openStore(t, "esdb://"+address+"?tls=false")); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if once.refused.Load() == 0 || once.without.Load() > 0 {
			t.Errorf("%s: the follower was called %d times, %d times without requiring the leader",
				what, once.refused.Load(), once.without.Load())
		}
	}
}

func TestAClusterIsFoundThroughItsSeeds(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := dead.Addr().String()
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	for _, address := range []string{
		fmt.Sprintf("esdb://%s,%s?tls=false", gone, node.Addr()),
		fmt.Sprintf("esdb+discover://localhost:%d?tls=false", node.Addr().(*net.TCPAddr).Port),
	} {
		s := openStore(t, address)
		list := newList()
		if _, err := s.Append(
			t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "a")},
		); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// authority signs certificates for the tests and writes them as PEM.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(
		"ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil,
	)
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) sign(
	name string, template, parent *x509.Certificate, signer *ecdsa.PrivateKey,
) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(a.path(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// serverConfig returns a configuration with a certificate for 127.0.0.1. clients says
// whether a client needs a certificate.
func (a *authority) serverConfig(clients tls.ClientAuthType) *tls.Config {
	a.sign("node", &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, a.key)
	cert, err := tls.LoadX509KeyPair(a.path("node.crt"), a.path("node.key"))
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: clients}
}

func TestTLSWithAnOwnAuthorityCredentialsAndUserCertificates(t *testing.T) {
	ca, strangers := newAuthority(t), newAuthority(t)
	for _, a := range []*authority{ca, strangers} {
		a.sign("user", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, a.cert, a.key)
	}
	start := func(options ...embedded.Option) string {
		node, err := embedded.Open(t.TempDir(), append(options, embedded.WithLogger(quiet))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = node.Close() })
		if err := node.Start("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		return node.Addr().String()
	}
	withPassword := start(
		embedded.WithTLS(ca.serverConfig(tls.NoClientCert)), embedded.WithCredentials("admin", "тізілім"),
	)
	withCertificate := start(embedded.WithTLS(ca.serverConfig(tls.RequireAndVerifyClientCert)))
	user := func(a *authority) string {
		return "&userCertFile=" + a.path("user.crt") + "&userKeyFile=" + a.path("user.key")
	}
	for _, c := range []struct {
		name, address string
		admitted      bool
		reason        eventstore.Reason
	}{
		{
			"own authority and password",
			"esdb://" + url.UserPassword("admin", "тізілім").String() + "@" + withPassword + "?tlsCAFile=" + ca.path("ca.crt"),
			true, "",
		},
		{
			"wrong password", "esdb://admin:admin@" + withPassword + "?tlsCAFile=" + ca.path("ca.crt"), false,
			eventstore.BadCredentials,
		},
		{"no password", "esdb://" + withPassword + "?tlsCAFile=" + ca.path("ca.crt"), false, eventstore.BadCredentials},
		{
			"authority not known", "esdb://" + url.UserPassword("admin", "тізілім").String() + "@" + withPassword + "?tls=true",
			false, eventstore.BadCertificate,
		},
		{"user certificate", "esdb://" + withCertificate + "?tlsCAFile=" + ca.path("ca.crt") + user(ca), true, ""},
		{
			"no user certificate", "esdb://" + withCertificate + "?tlsCAFile=" + ca.path("ca.crt"), false,
			eventstore.BadCertificate,
		},
		{
			"certificate of another authority",
			"esdb://" + withCertificate + "?tlsCAFile=" + ca.path("ca.crt") + user(strangers), false, eventstore.BadCertificate,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := openStore(t, c.address+"&maxDiscoverAttempts=1&discoveryInterval=10&defaultDeadline=300")
			list := newList()
			_, err := s.Append(t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "a")})
			if (err == nil) != c.admitted {
				t.Errorf("admitted: %v, want %v (%v)", err == nil, c.admitted, err)
			}
			var why *eventstore.ConnectError
			if !c.admitted && (!errors.As(err, &why) || why.Reason != c.reason) {
				t.Errorf("reason %v, want %s", err, c.reason)
			}
		})
	}
}
