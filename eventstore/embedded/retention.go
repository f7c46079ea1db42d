package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
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

// retentionOf reads a metadata event as the server does. One that is not
// flagged as JSON says nothing.
func retentionOf(json bool, metadata []byte) retention {
	if !json {
		return retention{}
	}
	return parseRetention(metadata)
}

// parseRetention reads stream metadata. It is void as a whole if it is not a
// JSON object, or if one of the members that the server knows is malformed,
// also one that does nothing here. Numbers below the least that makes sense
// are ignored one by one.
func parseRetention(metadata []byte) retention {
	d := json.NewDecoder(bytes.NewReader(metadata))
	d.UseNumber()
	var r retention
	if err := objectMembers(d, func(name string) error { return r.member(d, name) }); err != nil {
		return retention{}
	}
	return r
}

// maxTimeSpan is the longest time that the server can count, in seconds.
const maxTimeSpan = math.MaxInt64 / ticksPerSecond

// member reads the value of one member, of which the last counts if there are
// several.
func (r *retention) member(d *json.Decoder, name string) (err error) {
	var n int64
	switch name {
	case "$maxCount":
		n, err = integer(d)
		r.maxCount = max(n, 0)
	case "$tb":
		n, err = integer(d)
		r.truncateBefore = max(n, 0)
	case "$maxAge":
		n, err = seconds(d)
		r.maxAge = max(n, 0)
	case "$cacheControl":
		_, err = seconds(d)
	case "$tmp":
		var b *bool
		if err = d.Decode(&b); err == nil && b == nil {
			err = errMalformed
		}
	case "$acl":
		err = objectMembers(d, func(name string) error { return aclMember(d, name) })
	default:
		var skipped json.RawMessage
		err = d.Decode(&skipped)
	}
	return err
}

// errMalformed is why metadata is void; nobody is told more.
var errMalformed = errors.New("malformed stream metadata")

// objectMembers reads one JSON object, the value of each member by the
// function. What comes after the object does not matter.
func objectMembers(d *json.Decoder, value func(name string) error) error {
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return errMalformed
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := value(name.(string)); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// integer reads a whole number, written without fraction or exponent.
func integer(d *json.Decoder) (int64, error) {
	token, err := d.Token()
	if err != nil {
		return 0, err
	}
	number, ok := token.(json.Number)
	if !ok {
		return 0, errMalformed
	}
	return strconv.ParseInt(string(number), 10, 64)
}

// seconds reads a number of seconds that the server can count.
func seconds(d *json.Decoder) (int64, error) {
	n, err := integer(d)
	if n > maxTimeSpan || n < -maxTimeSpan {
		return 0, errMalformed
	}
	return n, err
}

// aclMember reads who has one of the rights: a role or a list of roles. The
// server fails on a right that it does not know.
func aclMember(d *json.Decoder, right string) error {
	switch right {
	case "$r", "$w", "$d", "$mr", "$mw":
	default:
		return errMalformed
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	if _, ok := token.(string); ok {
		return nil
	}
	if token != json.Delim('[') {
		return errMalformed
	}
	for d.More() {
		token, err := d.Token()
		if _, ok := token.(string); err != nil || !ok {
			return errMalformed
		}
	}
	_, err = d.Token()
	return err
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
