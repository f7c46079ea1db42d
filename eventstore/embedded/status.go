package embedded

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// refusal is an error with trailers, by which clients recognise it. The trailer "exception" has its
// name.
type refusal struct {
	status   *status.Status
	trailers metadata.MD
}

func (r *refusal) Error() string              { return r.status.Err().Error() }
func (r *refusal) GRPCStatus() *status.Status { return r.status }

// is reports whether the refusal has the name.
func (r *refusal) is(name string) bool { return slices.Contains(r.trailers["exception"], name) }

func newRefusal(code codes.Code, message string, trailers ...string) error {
	return &refusal{status.New(code, message), metadata.Pairs(trailers...)}
}

// setTrailers sends the trailers of a refusal. gRPC sends the status.
func setTrailers(ctx context.Context, err error) {
	if r, ok := err.(*refusal); ok {
		_ = grpc.SetTrailer(ctx, r.trailers) // fails only outside of a handler
	}
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

// trailerText returns the text as printable ASCII, which a trailer must be.
func trailerText(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return strconv.QuoteToASCII(s)
		}
	}
	return s
}

func errStreamDeleted(stream string) error {
	return newRefusal(codes.FailedPrecondition, fmt.Sprintf("Event stream '%s' is deleted.", stream),
		"exception", "stream-deleted", "stream-name", trailerText(stream))
}

func errWrongRevision(operation, stream string, expected, current int64) error {
	return newRefusal(codes.FailedPrecondition,
		fmt.Sprintf("%s failed due to WrongExpectedVersion. Stream: %s, Expected version: %d, Actual version: %d",
			operation, stream, expected, current),
		"exception", "wrong-expected-version", "stream-name", trailerText(stream),
		"expected-version", strconv.FormatInt(expected, 10), "actual-version", strconv.FormatInt(current, 10))
}

func errAppendTooLarge(limit int) error {
	return newRefusal(codes.InvalidArgument, fmt.Sprintf("Maximum Append Size of %d Exceeded.", limit),
		"exception", "maximum-append-size-exceeded", "maximum-append-size", strconv.Itoa(limit))
}

func errMissingMetadata(name string) error {
	return newRefusal(codes.InvalidArgument, fmt.Sprintf("Required Metadata Property '%s' is missing", name),
		"exception", "missing-required-metadata-property", "required-metadata-properties", "type,content-type")
}

func errAccessDenied() error {
	return newRefusal(codes.PermissionDenied, "Access Denied", "exception", "access-denied")
}

var errClosing = status.Error(codes.Unavailable, "Server Is Not Ready")

// internalError converts an error without a status. It keeps its text, since clients of the node are
// trusted, and the codes of a cancelled or timed-out call.
func internalError(err error) error {
	if err == nil {
		return nil
	}
	if pebble.IsCorruptionError(err) {
		err = errDamaged(firstLine(err) + ".")
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	if s := status.FromContextError(err); s.Code() != codes.Unknown {
		return s.Err()
	}
	return status.Error(codes.Internal, err.Error())
}
