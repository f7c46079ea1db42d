package standin

import (
	"context"
	"encoding/binary"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// identities simulate that a node knows only the ids that its process took as the leader, although the log
// knows every event id of a stream. An event that is appended with Any, and whose id only other nodes know,
// gets another id in the log. Readers see the id of the client.
type identities struct {
	taken   map[place]bool          // taken by any node
	clients map[uuid.UUID]uuid.UUID // id of the client by id in the log, where they differ
}

// place is an event id in a stream.
type place struct {
	stream string
	id     uuid.UUID
}

func newIdentities() identities {
	return identities{taken: make(map[place]bool), clients: make(map[uuid.UUID]uuid.UUID)}
}

// storeIDs replaces the ids of an append with Any by those for the log.
func (n *Node) storeIDs(stream string, list []*streams.AppendReq_ProposedMessage) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	ids := &n.cluster.ids
	for _, m := range list {
		p := place{stream, parseID(m.GetId())}
		stored, known := n.known[p]
		if !known {
			if stored = p.id; ids.taken[p] {
				stored = uuid.New()
				ids.clients[stored] = p.id
			}
		}
		n.known[p], ids.taken[p] = stored, true
		m.Id = render(m.GetId(), stored)
	}
}

// noteIDs notes that the node has taken an append at a revision.
func (n *Node) noteIDs(stream string, list []*streams.AppendReq_ProposedMessage) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	for _, m := range list {
		p := place{stream, parseID(m.GetId())}
		n.known[p], n.cluster.ids.taken[p] = p.id, true
	}
}

// useStoredIDs replaces the ids of an append at a revision by those of the log, if the log has the same
// events there. It reports whether any id changed.
func (c *Cluster) useStoredIDs(
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
		if c.clientID(parseID(found[i])) != parseID(m.GetId()) {
			return false
		}
		changed = changed || parseID(found[i]) != parseID(m.GetId())
	}
	for i, m := range list {
		m.Id = found[i]
	}
	return changed
}

// clientID returns the id that the client gave to an event of the log.
func (c *Cluster) clientID(id uuid.UUID) uuid.UUID {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, differs := c.ids.clients[id]; differs {
		return client
	}
	return id
}

// showClientIDs replaces the ids of an event by those of the client.
func (c *Cluster) showClientIDs(e *streams.ReadResp_ReadEvent) {
	for _, recorded := range []*streams.ReadResp_ReadEvent_RecordedEvent{e.GetEvent(), e.GetLink()} {
		if recorded != nil {
			recorded.Id = render(recorded.GetId(), c.clientID(parseID(recorded.GetId())))
		}
	}
}

// parseID parses an id of the protocol. An invalid id is the nil id here; the log refuses it.
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

// render returns an id in the form of another one. It returns an invalid one unchanged.
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
