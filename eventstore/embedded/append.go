package embedded

import (
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// streamsService is the protocol's Streams service.
type streamsService struct {
	streams.UnimplementedStreamsServer
	node *Node
}

func (s *streamsService) Append(call streams.Streams_AppendServer) error {
	stream, expected, events, err := s.receiveAppend(call)
	if err != nil {
		// The answer is lost where a later send of the client fails, so let the client
		// finish first.
		if !errors.Is(err, io.EOF) {
			for _, e := call.Recv(); e == nil; _, e = call.Recv() {
			}
		}
		return err
	}
	a, err := s.node.store.write(call.Context(), &write{stream: stream, expected: expected, events: events})
	if err != nil {
		return err
	}
	switch a.verdict {
	case accepted:
		return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: appendSuccess(a)}})
	case wrongRevision:
		return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{
			WrongExpectedVersion: wrongExpectedVersion(expected, a.current),
		}})
	case streamDeleted:
		return errStreamDeleted(stream)
	default:
		return a.err
	}
}

func (s *streamsService) receiveAppend(
	call streams.Streams_AppendServer,
) (stream string, expected int64, events []proposed, err error) {
	request, err := call.Recv()
	if errors.Is(err, io.EOF) {
		return "", 0, nil, invalid("The append is empty: its first message must hold its options.")
	}
	if err != nil {
		return "", 0, nil, err
	}
	stream, expected, err = appendOptions(request)
	if err != nil {
		return "", 0, nil, err
	}
	size := 0
	for {
		request, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return stream, expected, events, nil
		}
		if err != nil {
			return "", 0, nil, err
		}
		message := request.GetProposedMessage()
		if message == nil {
			return "", 0, nil, invalid("Every message of an append after its options must hold a proposed_message.")
		}
		p, err := proposedEvent(message.GetId(), message.GetMetadata(), message.GetCustomMetadata(), message.GetData())
		if err != nil {
			return "", 0, nil, err
		}
		if size += p.size(); size > maxAppendSize {
			return "", 0, nil, errAppendTooLarge(maxAppendSize)
		}
		events = append(events, p)
	}
}

func appendOptions(request *streams.AppendReq) (stream string, expected int64, err error) {
	options := request.GetOptions()
	if options == nil {
		return "", 0, invalid("The first message of an append must hold its options.")
	}
	if stream, err = writableStream(options.GetStreamIdentifier()); err != nil {
		return "", 0, err
	}
	switch e := options.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Revision:
		expected, err = expectedRevision(e.Revision)
	case *streams.AppendReq_Options_NoStream:
		expected = noRevision
	case *streams.AppendReq_Options_Any:
		expected = expectAny
	case *streams.AppendReq_Options_StreamExists:
		expected = expectStreamExists
	default:
		err = invalid("The options of an append need an expected_stream_revision.")
	}
	return stream, expected, err
}

func appendSuccess(a answer) *streams.AppendResp_Success {
	success := &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}},
		PositionOption:        &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
	}
	if a.current != noRevision {
		success.CurrentRevisionOption = &streams.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(a.current)}
	}
	if a.position != 0 {
		success.PositionOption = &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition: a.position, PreparePosition: a.position,
		}}
	}
	return success
}

// wrongExpectedVersion fills the fields of both generations of clients: those
// up to 20.6.0 and those since.
func wrongExpectedVersion(expected, current int64) *streams.AppendResp_WrongExpectedVersion {
	w := &streams.AppendResp_WrongExpectedVersion{}
	switch expected {
	case expectAny:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: &shared.Empty{}}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: &shared.Empty{}}
	case expectStreamExists:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{
			ExpectedStreamExists: &shared.Empty{},
		}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{
			StreamExists_20_6_0: &shared.Empty{},
		}
	case noRevision:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{
			ExpectedNoStream: &shared.Empty{},
		}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{
			ExpectedRevision_20_6_0: math.MaxUint64,
		}
	default:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{
			ExpectedRevision: uint64(expected),
		}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{
			ExpectedRevision_20_6_0: uint64(expected),
		}
	}
	if current == noRevision {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{
			NoStream_20_6_0: &shared.Empty{},
		}
	} else {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: uint64(current)}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{
			CurrentRevision_20_6_0: uint64(current),
		}
	}
	return w
}
