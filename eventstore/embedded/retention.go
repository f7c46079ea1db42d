package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
)

// Names with a meaning in the protocol.
const (
	metadataPrefix  = "$$"        // the metadata stream of stream s is $$s
	metadataKind    = "$metadata" // type of the events of such a stream
	tombstoneKind   = "$streamDeleted"
	linkKind        = "$>"
	allStream       = "$all"
	softDeletedFrom = math.MaxInt64 // the $tb of a soft-deleted stream
)

// retention says which events of a stream are visible to its readers. Zero values hide
// nothing. Hidden events stay in the log and in $all.
type retention struct {
	maxCount       int64 // number of the newest events that are visible; 0: all
	maxAge         int64 // seconds for which an event is visible; 0: for ever
	truncateBefore int64 // first visible revision
}

// metadataRetention is the retention of every metadata stream: only its last event is valid.
var metadataRetention = retention{maxCount: 1}

func (r retention) softDeleted() bool { return r.truncateBefore == softDeletedFrom }

// first returns the first visible revision of a stream that ends at last, without regard to
// age.
func (r retention) first(last int64) int64 {
	first := r.truncateBefore
	if r.maxCount > 0 && last-r.maxCount+1 > first {
		first = last - r.maxCount + 1
	}
	return first
}

// oldest returns the creation time, in ticks, before which events are hidden at now.
func (r retention) oldest(now int64) int64 {
	if r.maxAge == 0 || r.maxAge > now/ticksPerSecond {
		return 0
	}
	return now - r.maxAge*ticksPerSecond
}

// retentionOf reads a metadata event as the server does. An event that is not flagged as JSON
// hides nothing.
func retentionOf(json bool, metadata []byte) retention {
	if !json {
		return retention{}
	}
	return parseRetention(metadata)
}

// parseRetention reads stream metadata. It ignores all of it if it is not a JSON object, or if
// any member that the server knows is malformed, even one without effect here. It ignores a
// single number that is too small.
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

// member reads the value of one member. The last one of a name counts.
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

// errMalformed says that metadata is ignored. It is never shown.
var errMalformed = errors.New("malformed stream metadata")

// objectMembers reads one JSON object, and the value of each member with the function. It
// ignores what follows the object.
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

// integer reads a whole number without fraction or exponent.
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

// aclMember reads a right of an access control list: a role or a list of roles. As on the
// server, an unknown right is an error.
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

// undeleted returns the stream metadata with $tb set to the revision from. It reports false for
// metadata that it cannot change.
func undeleted(metadata []byte, from int64) ([]byte, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(metadata, &fields) != nil || fields == nil {
		return nil, false
	}
	fields["$tb"] = strconv.AppendInt(nil, from, 10)
	b, err := json.Marshal(fields)
	return b, err == nil
}

// metadataTarget returns the stream that a metadata stream describes; false for an ordinary
// stream.
func metadataTarget(stream string) (string, bool) { return strings.CutPrefix(stream, metadataPrefix) }
