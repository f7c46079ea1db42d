package embedded

import (
	"bytes"
	"regexp"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// maxPattern bounds the regular expressions of filters, in bytes.
const maxPattern = 4096

// defaultSearchWindow is the window of a filter without one: the read page of the server.
const defaultSearchWindow = 32

// filter selects events of $all by their stream or their type.
type filter struct {
	byKind   bool
	prefixes [][]byte       // any of them; without prefixes nothing matches
	pattern  *regexp.Regexp // instead of prefixes; matches at any place
	// checkpointEvery is how many events, selected or not, a subscription handles
	// before it sends a checkpoint; 0 in a read, which sends none.
	checkpointEvery uint64
}

// matches reports whether the filter selects the event. A nil filter selects all.
func (f *filter) matches(e *record) bool {
	if f == nil {
		return true
	}
	name := e.stream
	if f.byKind {
		name = e.kind
	}
	if f.pattern != nil {
		return f.pattern.Match(name)
	}
	for _, prefix := range f.prefixes {
		if bytes.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func parseFilter(options *streams.ReadReq_Options_FilterOptions, subscription bool) (*filter, error) {
	f := &filter{}
	var expression *streams.ReadReq_Options_FilterOptions_Expression
	switch by := options.GetFilter().(type) {
	case *streams.ReadReq_Options_FilterOptions_EventType:
		f.byKind, expression = true, by.EventType
	case *streams.ReadReq_Options_FilterOptions_StreamIdentifier:
		expression = by.StreamIdentifier
	default:
		return nil, invalid("A filter needs a stream_identifier or an event_type.")
	}
	// Where both are given, the server uses only the regex.
	if pattern := expression.GetRegex(); pattern != "" {
		if len(pattern) > maxPattern {
			return nil, invalid("The regex of the filter has %d bytes; at most %d are possible.", len(pattern), maxPattern)
		}
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return nil, invalid("The regex of the filter cannot be used "+
				"(this server takes RE2 syntax, without lookaround and backreferences): %v.", err)
		}
		f.pattern = compiled
	} else {
		for _, prefix := range expression.GetPrefix() {
			f.prefixes = append(f.prefixes, []byte(prefix))
		}
	}

	window := uint64(defaultSearchWindow)
	switch w := options.GetWindow().(type) {
	case *streams.ReadReq_Options_FilterOptions_Max:
		if window = uint64(w.Max); window == 0 {
			return nil, invalid("The max search window of a filter must be at least 1.")
		}
	case *streams.ReadReq_Options_FilterOptions_Count:
	default:
		return nil, invalid("A filter needs a window: max or count.")
	}
	if subscription {
		multiplier := uint64(options.GetCheckpointIntervalMultiplier())
		if multiplier == 0 {
			return nil, invalid("The checkpointIntervalMultiplier of a filter must be at least 1.")
		}
		f.checkpointEvery = window * multiplier
	}
	return f, nil
}
