package embedded

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// guard handles every call first: it checks the credentials, and converts errors to those
// of the protocol.
type guard struct {
	username, password string // both empty: no credentials are needed
	logger             *slog.Logger
	calls              calls
}

// calls counts the calls of a node.
type calls struct {
	current                                atomic.Int64 // in progress
	total, failed, unimplemented, timedOut atomic.Uint64
}

func (c *calls) begin() {
	c.current.Add(1)
	c.total.Add(1)
}

func (c *calls) end(with codes.Code) {
	c.current.Add(-1)
	switch with {
	case codes.OK, codes.Canceled: // the client ends a subscription by Canceled
	case codes.Unimplemented:
		c.unimplemented.Add(1)
	case codes.DeadlineExceeded:
		c.timedOut.Add(1)
	default:
		c.failed.Add(1)
	}
}

func (g *guard) unary(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (response any, err error) {
	g.calls.begin()
	defer func() { err = g.finish(ctx, info.FullMethod, recover(), err) }()
	if err := g.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (g *guard) stream(
	server any, call grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler,
) (err error) {
	g.calls.begin()
	defer func() { err = g.finish(call.Context(), info.FullMethod, recover(), err) }()
	if err := g.admit(call.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(server, checkedStream{call})
}

// finish converts the result of a handler into the error of the call. A panic of a handler
// is a bug; it ends only this call.
func (g *guard) finish(ctx context.Context, method string, panicked any, err error) error {
	if panicked != nil {
		g.logger.Error("event store: a call panicked", "method", method, "panic", panicked, "stack", string(debug.Stack()))
		err = status.Error(codes.Internal, "The server failed to handle the call.")
	}
	setTrailers(ctx, err)
	err = internalError(err)
	g.calls.end(status.Code(err))
	return err
}

// needsCredentials reports whether calls need credentials.
func (g *guard) needsCredentials() bool { return g.username != "" || g.password != "" }

// admits reports whether these are the credentials of the node's user, or none are needed.
func (g *guard) admits(username, password string) bool {
	return !g.needsCredentials() || sameSecret(username+":"+password, g.username+":"+g.password)
}

// admit checks the credentials of a call. Gossip and the list of features need none, since
// clients read them first.
func (g *guard) admit(ctx context.Context, method string) error {
	if !g.needsCredentials() {
		return nil
	}
	switch method {
	case gossip.Gossip_Read_FullMethodName, serverfeatures.ServerFeatures_GetSupportedMethods_FullMethodName:
		return nil
	}
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) == 0 {
		return errAccessDenied()
	}
	scheme, encoded, _ := strings.Cut(values[0], " ")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	username, password, _ := strings.Cut(string(decoded), ":")
	if err != nil || !strings.EqualFold(scheme, "Basic") || !g.admits(username, password) {
		return status.Error(codes.Unauthenticated, "Unauthenticated")
	}
	return nil
}

// sameSecret compares two strings in constant time.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// checkedStream reports a malformed message as InvalidArgument. gRPC itself reports it as
// Internal.
type checkedStream struct{ grpc.ServerStream }

func (s checkedStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if s, ok := status.FromError(err); ok && s.Code() == codes.Internal && strings.Contains(s.Message(), "unmarshal") {
		return invalid("The message cannot be read: %s.", s.Message())
	}
	return err
}
