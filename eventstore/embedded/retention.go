package embedded

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Names that the protocol gives a meaning to.
const (
	metadataPrefix  = "$$"        // the stream that describes stream s is $$s
	metadataKind    = "$metadata" // type of the events of such a stream
	tombstoneKind   = "$streamDeleted"
	linkKind        = "$>"
	allStream       = "$all"
	softDeletedFrom = math.MaxInt64 // the $tb of a soft-deleted stream
)

// retention says which events of a stream its readers are shown. Zero values
// hide nothing. Hidden events stay in the log and in $all.
type retention struct {
	maxCount       int64 // newest events shown, 0 for all
	maxAge         int64 // seconds an event is shown after its creation, 0 for ever
	truncateBefore int64 // first revision shown
}

// metadataRetention is that of every metadata stream: only the last counts.
var metadataRetention = retention{maxCount: 1}

func (r retention) softDeleted() bool { return r.truncateBefore == softDeletedFrom }

// first is the first revision shown of a stream that ends at last, age apart.
func (r retention) first(last int64) int64 {
	first := r.truncateBefore
	if r.maxCount > 0 && last-r.maxCount+1 > first {
		first = last - r.maxCount + 1
	}
	return first
}

// oldest is the creation time, in ticks, before which events are hidden at now.
func (r retention) oldest(now int64) int64 {
	if r.maxAge == 0 || r.maxAge > now/ticksPerSecond {
		return 0
	}
	return now - r.maxAge*ticksPerSecond
}

// parseRetention reads stream metadata as the server does: metadata that is
// not a JSON object, or in which one of the numbers is not an integer, is as
// good as none; values out of range are ignored one by one.
func parseRetention(metadata []byte) retention {
	var fields map[string]json.RawMessage
	if json.Unmarshal(metadata, &fields) != nil {
		return retention{}
	}
	var r retention
	for name, to := range map[string]*int64{"$maxCount": &r.maxCount, "$maxAge": &r.maxAge, "$tb": &r.truncateBefore} {
		raw, ok := fields[name]
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return retention{}
		}
		*to = max(n, 0)
	}
	return r
}

// undeleted is the given stream metadata with $tb set to the first revision of
// the stream's new life. It reports false for metadata it cannot change.
func undeleted(metadata []byte, from int64) ([]byte, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(metadata, &fields) != nil || fields == nil {
		return nil, false
	}
	fields["$tb"] = strconv.AppendInt(nil, from, 10)
	b, err := json.Marshal(fields)
	return b, err == nil
}

// described returns the stream that the given stream holds the metadata of.
func described(stream string) (string, bool) { return strings.CutPrefix(stream, metadataPrefix) }
