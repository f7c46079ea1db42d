package standin

import (
	"context"
	"encoding/binary"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// identities make the log, which knows every event id of a stream for ever,
// forget as a cluster does: a leader knows the ids that it took itself. An
// event that is appended to Any and known to former leaders only gets another
// id in the log; readers are shown the one that it came with.
type identities struct {
	stored map[place]uuid.UUID     // in the log, of the last event of that id
	given  map[uuid.UUID]uuid.UUID // by the client, where the log has another
	known  map[place]bool          // to the present leader
}

// place is an event id in a stream.
type place struct {
	stream string
	id     uuid.UUID
}

func newIdentities() identities {
	return identities{stored: make(map[place]uuid.UUID), given: make(map[uuid.UUID]uuid.UUID), known: make(map[place]bool)}
}

// forget is what a change of leader does.
func (ids *identities) forget() { clear(ids.known) }

// store rewrites the ids of an append to Any into those for the log.
func (c *Cluster) store(stream string, list []*streams.AppendReq_ProposedMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range list {
		p := place{stream, parseID(m.GetId())}
		stored, before := c.ids.stored[p]
		switch {
		case !before:
			stored = p.id
		case !c.ids.known[p]:
			stored = uuid.New()
			c.ids.given[stored] = p.id
		}
		c.ids.stored[p], c.ids.known[p] = stored, true
		m.Id = render(m.GetId(), stored)
	}
}

// learn notes that the leader has taken an append at a revision.
func (c *Cluster) learn(stream string, list []*streams.AppendReq_ProposedMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range list {
		p := place{stream, parseID(m.GetId())}
		if _, before := c.ids.stored[p]; !before {
			c.ids.stored[p] = p.id
		}
		c.ids.known[p] = true
	}
}

// storedAt rewrites the ids of an append at a revision into those of the log,
// if the log has these very events there. It reports whether that changed any.
func (c *Cluster) storedAt(ctx context.Context, stream string, first uint64, list []*streams.AppendReq_ProposedMessage) bool {
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
