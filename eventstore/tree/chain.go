package tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore"
)

// leaf is one event in the tree.
type leaf struct {
	ref  domain.EventRef
	hash tlog.Hash
}

// headEvent is the stored form of a head: the signed note, and the leaves since the head
// before, so that each can be named.
type headEvent struct {
	Note   string            `json:"note"`
	Leaves []domain.EventRef `json:"leaves,omitempty"`
	Hashes []byte            `json:"hashes,omitempty"` // of the leaves, one after the other
}

// newHeadEvent is the event that appends the leaves to the tree.
func newHeadEvent(note string, leaves []leaf) (eventstore.RawEvent, error) {
	e := headEvent{Note: note}
	for _, l := range leaves {
		e.Leaves, e.Hashes = append(e.Leaves, l.ref), append(e.Hashes, l.hash[:]...)
	}
	data, err := json.Marshal(e)
	return eventstore.RawEvent{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, data), Type: proof.HeadSigned, JSON: true, Data: data,
		Metadata: []byte(`{"schema":"1"}`),
	}, err
}

// decodeHead reads a stored head.
func decodeHead(e eventstore.RawEvent) (note string, leaves []leaf, err error) {
	var stored headEvent
	if err := json.Unmarshal(e.Data, &stored); err != nil {
		return "", nil, errors.New("it is not a head")
	}
	if e.Type != proof.HeadSigned || len(stored.Hashes) != len(stored.Leaves)*tlog.HashSize {
		return "", nil, errors.New("it is not a head")
	}
	leaves = make([]leaf, len(stored.Leaves))
	for i, ref := range stored.Leaves {
		leaves[i] = leaf{ref, tlog.Hash(stored.Hashes[i*tlog.HashSize:])}
	}
	return stored.Note, leaves, nil
}

// chain is the heads of a log, each of which must follow from those before.
type chain struct {
	public proof.Public
	key    proof.Key // of MACs; nil: they are not checked
	hashes *hashes
	next   uint64 // revision of the next head
	head   proof.Head
	note   string // of head; "" before the first
	last   domain.EventRef
}

// add checks that the stored event is the next head and adds its leaves. It returns a
// [*headError] where the head is wrong, and has then added nothing.
func (c *chain) add(e eventstore.RawEvent) ([]leaf, error) {
	wrong := func(format string, args ...any) ([]leaf, error) {
		return nil, &headError{proof.Finding{
			Kind: proof.BadHead, Event: e.Record().Ref(), Detail: fmt.Sprintf(format, args...),
		}}
	}
	if e.Revision == math.MaxInt64 {
		return wrong("the stream of the heads was deleted for ever")
	}
	if e.Revision != c.next {
		return wrong("the head of revision %d is not in the stream", c.next)
	}
	if c.key != nil {
		if err := c.key.Verify(e.Record()); err != nil {
			return wrong("%v", err)
		}
	}
	note, leaves, err := decodeHead(e)
	if err != nil {
		return wrong("%v", err)
	}
	head, err := c.public.Open(note)
	if err != nil {
		return wrong("%v", err)
	}
	if head.Size != c.head.Size+int64(len(leaves)) {
		return wrong("it is of %d events, and %d follow from the head before", head.Size, c.head.Size+int64(len(leaves)))
	}
	more, root, err := c.hashes.grown(c.head.Size, leaves)
	if err != nil {
		return nil, err
	}
	if root != head.Root {
		return wrong("its root does not follow from the leaves")
	}
	if err := c.hashes.add(more); err != nil {
		return nil, err
	}
	c.next, c.head, c.note = c.next+1, head, note
	if len(leaves) > 0 {
		c.last = leaves[len(leaves)-1].ref
	}
	return leaves, nil
}

// headError says that a head is wrong.
type headError struct{ proof.Finding }

func (e *headError) Error() string { return e.Event.String() + ": " + e.Detail }
