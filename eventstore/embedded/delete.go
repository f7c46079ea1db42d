package embedded

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// Delete hides the events of a stream. A later append makes the stream visible again, from
// the next revision on.
func (s *streamsService) Delete(ctx context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
	options := request.GetOptions()
	var expected int64
	var err error
	switch e := options.GetExpectedStreamRevision().(type) {
	case *streams.DeleteReq_Options_Revision:
		expected, err = expectedRevision(e.Revision)
	case *streams.DeleteReq_Options_NoStream:
		expected = noRevision
	case *streams.DeleteReq_Options_Any:
		expected = expectAny
	case *streams.DeleteReq_Options_StreamExists:
		expected = expectStreamExists
	default:
		err = invalid("The options of a delete need an expected_stream_revision.")
	}
	if err != nil {
		return nil, err
	}
	position, err := s.remove(ctx, writeSoftDelete, options.GetStreamIdentifier(), expected)
	if err != nil {
		return nil, err
	}
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{
		Position: &streams.DeleteResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

// Tombstone ends a stream for ever, also one that does not exist.
func (s *streamsService) Tombstone(ctx context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	options := request.GetOptions()
	var expected int64
	var err error
	switch e := options.GetExpectedStreamRevision().(type) {
	case *streams.TombstoneReq_Options_Revision:
		expected, err = expectedRevision(e.Revision)
	case *streams.TombstoneReq_Options_NoStream:
		expected = noRevision
	case *streams.TombstoneReq_Options_Any:
		expected = expectAny
	case *streams.TombstoneReq_Options_StreamExists:
		expected = expectStreamExists
	default:
		err = invalid("The options of a tombstone need an expected_stream_revision.")
	}
	if err != nil {
		return nil, err
	}
	position, err := s.remove(ctx, writeTombstone, options.GetStreamIdentifier(), expected)
	if err != nil {
		return nil, err
	}
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{
		Position: &streams.TombstoneResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

// remove writes a soft delete or a tombstone and returns its position.
func (s *streamsService) remove(
	ctx context.Context, kind writeKind, id *shared.StreamIdentifier, expected int64,
) (position uint64, err error) {
	stream, err := writableStream(id)
	if err != nil {
		return 0, err
	}
	// The server allows this. Version 23.10 then stops, and stops again at every start.
	if _, ok := metadataTarget(stream); ok {
		return 0, invalid(
			"'%s' holds the metadata of a stream and cannot be deleted; delete the stream or set its metadata again.", stream)
	}
	a, err := s.node.store.write(ctx, &write{kind: kind, stream: stream, expected: expected})
	if err != nil {
		return 0, err
	}
	switch a.verdict {
	case accepted:
		return a.position, nil
	case wrongRevision:
		return 0, errWrongRevision("Delete", stream, expected, a.current)
	case streamDeleted:
		return 0, errStreamDeleted(stream)
	default:
		return 0, a.err
	}
}
