package standin

import (
	"context"
	"encoding/binary"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// identities make the log, which knows every event id of a stream for ever,
// forget as a cluster does: a process of a node knows the ids that it took
// itself, as the leader. What is appended to Any and known to others only gets
// another id in the log; readers are shown the one that it came with.
type identities struct {
	taken map[place]bool          // by whichever node
	given map[uuid.UUID]uuid.UUID // by the client, where the log has another
}

// place is an event id in a stream.
type place struct {
	stream string
	id     uuid.UUID
}

func newIdentities() identities {
	return identities{taken: make(map[place]bool), given: make(map[uuid.UUID]uuid.UUID)}
}

// store rewrites the ids of an append to Any, which the node takes, into those
// for the log.
func (n *Node) store(stream string, list []*streams.AppendReq_ProposedMessage) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	ids := &n.cluster.ids
	for _, m := range list {
		p := place{stream, parseID(m.GetId())}
		stored, known := n.known[p]
		if !known {
			if stored = p.id; ids.taken[p] {
				stored = uuid.New()
				ids.given[stored] = p.id
			}
		}
		n.known[p], ids.taken[p] = stored, true
		m.Id = render(m.GetId(), stored)
	}
}

// learn notes that the node has taken an append at a revision.
func (n *Node) learn(stream string, list []*streams.AppendReq_ProposedMessage) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	for _, m := range list {
		p := place{stream, parseID(m.GetId())}
		n.known[p], n.cluster.ids.taken[p] = p.id, true
	}
}

// storedAt rewrites the ids of an append at a revision into those of the log,
// if the log has these very events there. It reports whether that changed any.
func (c *Cluster) storedAt(
	ctx context.Context, stream string, first uint64, list []*streams.AppendReq_ProposedMessage,
) bool {
	if len(list) == 0 {
		return false
	}
	request := readAll(&streams.ReadReq_Options_Count{Count: uint64(len(list))})
	request.Options.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
		StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)},
		RevisionOption:   &streams.ReadReq_Options_StreamOptions_Revision{Revision: first},
	}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.log.Read(ctx, request)
	if err != nil {
		return false
	}
	var found []*shared.UUID
	for m, err := call.Recv(); err == nil; m, err = call.Recv() {
		if e := m.GetEvent().GetEvent(); e != nil {
			found = append(found, e.GetId())
		}
	}
	if len(found) != len(list) {
		return false
	}
	changed := false
	for i, m := range list {
		if c.givenID(parseID(found[i])) != parseID(m.GetId()) {
			return false
		}
		changed = changed || parseID(found[i]) != parseID(m.GetId())
	}
	for i, m := range list {
		m.Id = found[i]
	}
	return changed
}

// givenID is the id with which a client knows the event of the log.
func (c *Cluster) givenID(id uuid.UUID) uuid.UUID {
	c.mu.Lock()
	defer c.mu.Unlock()
	if given, other := c.ids.given[id]; other {
		return given
	}
	return id
}

// show gives an event that is read the ids that its client knows.
func (c *Cluster) show(e *streams.ReadResp_ReadEvent) {
	for _, recorded := range []*streams.ReadResp_ReadEvent_RecordedEvent{e.GetEvent(), e.GetLink()} {
		if recorded != nil {
			recorded.Id = render(recorded.GetId(), c.givenID(parseID(recorded.GetId())))
		}
	}
}

// parseID reads an id of the protocol. What is none is the log's to refuse, and
// here the nil id.
func parseID(id *shared.UUID) uuid.UUID {
	if s := id.GetStructured(); s != nil {
		var parsed uuid.UUID
		binary.BigEndian.PutUint64(parsed[:8], uint64(s.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(parsed[8:], uint64(s.GetLeastSignificantBits()))
		return parsed
	}
	parsed, err := uuid.Parse(id.GetString_())
	if err != nil {
		return uuid.Nil
	}
	return parsed
}

// render writes an id in the form of another; what is not an id stays.
func render(like *shared.UUID, id uuid.UUID) *shared.UUID {
	switch like.GetValue().(type) {
	case *shared.UUID_Structured_:
		return structured(id)
	case *shared.UUID_String_:
		if parseID(like) != uuid.Nil {
			return &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
		}
	}
	return like
}

func structured(id [16]byte) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(binary.BigEndian.Uint64(id[:8])),
		LeastSignificantBits: int64(binary.BigEndian.Uint64(id[8:])),
	}}}
}
