package embedded

import (
	"bytes"
	"regexp"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// maxPattern bounds the regular expressions of filters, in bytes.
const maxPattern = 4096

// defaultSearchWindow is how many events a filter looks at between checkpoints
// (times the interval) for clients that set no window: the server's read page.
const defaultSearchWindow = 32

// filter picks events of $all by their stream or their type.
type filter struct {
	byKind   bool
	prefixes [][]byte       // any of them; without one nothing matches
	pattern  *regexp.Regexp // instead of prefixes, matched anywhere
	// checkpointEvery is how many events a subscription passes over, shown or
	// not, before it tells its position; 0 in reads, which tell none.
	checkpointEvery uint64
}

// matches reports whether the event is shown. A nil filter shows all.
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
	// With both given the server looks at the regex only.
	if pattern := expression.GetRegex(); pattern != "" {
		if len(pattern) > maxPattern {
			return nil, invalid("The regex of the filter has %d bytes; at most %d are possible.", len(pattern), maxPattern)
		}
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return nil, invalid("The regex of the filter cannot be used (this server takes RE2 syntax, without lookaround and backreferences): %v.", err)
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
