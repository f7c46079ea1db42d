package embedded

import (
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// origin says where a read or a subscription begins.
type origin int

const (
	fromStart origin = iota
	fromEnd
	fromPoint // a revision or a position
)

// position is a position in $all. Both parts of an event's position are equal. Zero stands
// for no event.
type position struct{ commit, prepare uint64 }

// query is a validated Read request.
type query struct {
	stream        string // "" reads $all
	origin        origin
	revision      int64  // of a stream, if fromPoint
	commit        uint64 // of $all, if fromPoint
	prepare       uint64 // at most commit
	backwards     bool
	count         uint64
	subscription  bool
	resolveLinks  bool
	filter        *filter // nil shows all
	uuids         uuidForm
	compatibility uint32 // generation of the answers that the client understands
}

func parseQuery(request *streams.ReadReq) (query, error) {
	options := request.GetOptions()
	if options == nil {
		return query{}, invalid("The read has no options.")
	}
	q := query{resolveLinks: options.GetResolveLinks(), compatibility: options.GetControlOption().GetCompatibility()}

	switch options.GetUuidOption().GetContent().(type) {
	case *streams.ReadReq_Options_UUIDOption_Structured:
	case *streams.ReadReq_Options_UUIDOption_String_:
		q.uuids = uuidText
	default:
		return query{}, invalid("A read needs a uuid_option: structured or string.")
	}

	switch direction := options.GetReadDirection(); direction {
	case streams.ReadReq_Options_Forwards:
	case streams.ReadReq_Options_Backwards:
		q.backwards = true
	default:
		return query{}, invalid("%d is not a read_direction.", direction)
	}

	switch count := options.GetCountOption().(type) {
	case *streams.ReadReq_Options_Count:
		if q.count = count.Count; q.count == 0 {
			return query{}, invalid("The count of a read must be at least 1.")
		}
	case *streams.ReadReq_Options_Subscription:
		if q.subscription = true; q.backwards {
			return query{}, invalid("A subscription cannot go backwards.")
		}
	default:
		return query{}, invalid("A read needs a count or a subscription.")
	}

	filtered := false
	switch f := options.GetFilterOption().(type) {
	case *streams.ReadReq_Options_NoFilter:
	case *streams.ReadReq_Options_Filter:
		var err error
		if q.filter, err = parseFilter(f.Filter, q.subscription); err != nil {
			return query{}, err
		}
		filtered = true
	default:
		return query{}, invalid("A read needs a filter or no_filter.")
	}

	var err error
	switch target := options.GetStreamOption().(type) {
	case *streams.ReadReq_Options_All:
		err = q.fromAll(target.All)
	case *streams.ReadReq_Options_Stream:
		if filtered {
			return query{}, invalid("Only reads of $all take a filter.")
		}
		err = q.fromStream(target.Stream)
	default:
		err = invalid("A read needs a stream or all.")
	}
	return q, err
}

func (q *query) fromStream(options *streams.ReadReq_Options_StreamOptions) error {
	stream, err := streamName(options.GetStreamIdentifier())
	if err != nil {
		return err
	}
	q.stream = stream
	switch from := options.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Start:
	case *streams.ReadReq_Options_StreamOptions_End:
		q.origin = fromEnd
	case *streams.ReadReq_Options_StreamOptions_Revision:
		switch {
		case from.Revision == math.MaxUint64:
			q.origin = fromEnd
		case from.Revision > math.MaxInt64:
			return invalid("The revision %d is not possible.", from.Revision)
		default:
			q.origin, q.revision = fromPoint, int64(from.Revision)
		}
	default:
		return invalid("The read of a stream needs a revision, start or end.")
	}
	return nil
}

func (q *query) fromAll(options *streams.ReadReq_Options_AllOptions) error {
	switch from := options.GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Start:
	case *streams.ReadReq_Options_AllOptions_End:
		q.origin = fromEnd
	case *streams.ReadReq_Options_AllOptions_Position:
		commit, prepare := from.Position.GetCommitPosition(), from.Position.GetPreparePosition()
		switch {
		case commit == math.MaxUint64 && prepare == math.MaxUint64:
			q.origin = fromEnd
		case commit > math.MaxInt64 || prepare > commit:
			return invalid("The position C:%d/P:%d is not possible: prepare is at most commit, commit at most %d.",
				commit, prepare, int64(math.MaxInt64))
		default:
			q.origin, q.commit, q.prepare = fromPoint, commit, prepare
		}
	default:
		return invalid("The read of $all needs a position, start or end.")
	}
	return nil
}

// after returns the first position after that of the query. A prepare position that is
// smaller than the commit position is before the event at the commit position.
func (q *query) after() uint64 {
	if q.prepare < q.commit {
		return q.commit
	}
	return q.commit + 1
}
