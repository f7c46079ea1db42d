package eventstore

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	// askDiskEvery is how often a server is asked whether its disk takes appends.
	askDiskEvery   = time.Second
	askDiskTimeout = time.Second
)

// appendsHeader is the header in which the gossip of the embedded event store says whether it takes
// appends now, as a google.rpc.Status: OK, or the refusal that an append would get. Other servers
// send none.
const appendsHeader = "tizilim-appends-bin"

// askDisk asks the server of a session whether its disk takes appends, and notes the answer for
// AppendFailure. It reports false where the server does not tell such things.
func (s *Store) askDisk(on *session, conn *grpc.ClientConn) (tells bool) {
	ctx, cancel := context.WithTimeout(on.ctx, askDiskTimeout)
	defer cancel()
	asked := time.Now()
	var header metadata.MD
	if _, err := gossip.NewGossipClient(conn).Read(ctx, &shared.Empty{}, grpc.Header(&header)); err != nil {
		return true // unknown: it is asked again
	}
	values := header.Get(appendsHeader)
	var told rpcstatus.Status
	if len(values) == 0 || proto.Unmarshal([]byte(values[0]), &told) != nil {
		return false
	}
	refusal := diskError("append", on.to, status.ErrorProto(&told))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.appendTriedAt.Before(asked) { // otherwise an append knows better
		s.diskRefusal = refusal
	}
	return true
}

// beginAskingDisk asks for the first time, before the first call of the session, and then until the
// session ends. So a process knows of a full disk of a server elsewhere although it appends nothing.
func (s *Store) beginAskingDisk(on *session) {
	conn, err := s.open(on.to)
	if err != nil { // the client has connected in the same way
		return
	}
	if !s.askDisk(on, conn) {
		_ = conn.Close()
		return
	}
	go func() {
		defer conn.Close()
		tick := time.NewTicker(askDiskEvery)
		defer tick.Stop()
		for {
			select {
			case <-on.ctx.Done():
				return
			case <-tick.C:
			}
			if !s.askDisk(on, conn) {
				return
			}
		}
	}()
}
