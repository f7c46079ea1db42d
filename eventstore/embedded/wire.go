package embedded

import (
	"math"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
)

// maxStreamName bounds a stream name, which is part of keys of the storage engine, in bytes.
const maxStreamName = 4096

// streamName validates the stream of a request.
func streamName(id *shared.StreamIdentifier) (string, error) {
	name := string(id.GetStreamName())
	switch {
	case name == "":
		return "", invalid("The request needs a stream_identifier with a stream_name.")
	case len(name) > maxStreamName:
		return "", invalid("The stream name has %d bytes; at most %d are possible.", len(name), maxStreamName)
	case !utf8.ValidString(name):
		return "", invalid("The stream name is not valid UTF-8.")
	}
	return name, nil
}

// writableStream validates the stream of a request that changes it.
func writableStream(id *shared.StreamIdentifier) (string, error) {
	name, err := streamName(id)
	if err != nil {
		return "", err
	}
	if name == allStream {
		return "", errAccessDenied()
	}
	if original, ok := metadataTarget(name); ok {
		if _, twice := metadataTarget(original); twice || original == "" {
			return "", invalid("'%s' cannot be written: no stream can have it as its metadata.", name)
		}
	}
	return name, nil
}

// expectedRevision converts the expected revision of a request. As in the older generation of the
// protocol, the largest number stands for no stream.
func expectedRevision(revision uint64) (int64, error) {
	switch {
	case revision == math.MaxUint64:
		return noRevision, nil
	case revision > math.MaxInt64:
		return 0, invalid("The expected revision %d is not possible: the largest is %d.", revision, int64(math.MaxInt64))
	}
	return int64(revision), nil
}

func eventID(id *shared.UUID) (uuid.UUID, error) {
	var result uuid.UUID
	switch value := id.GetValue().(type) {
	case *shared.UUID_Structured_:
		most, least := uint64(value.Structured.GetMostSignificantBits()), uint64(value.Structured.GetLeastSignificantBits())
		for i := range 8 {
			result[i] = byte(most >> (56 - 8*i))
			result[8+i] = byte(least >> (56 - 8*i))
		}
	case *shared.UUID_String_:
		parsed, err := uuid.Parse(value.String_)
		if err != nil {
			return uuid.Nil, invalid("The id %q is not a UUID.", value.String_)
		}
		result = parsed
	default:
		return uuid.Nil, invalid("The request needs an id, structured or as a string.")
	}
	return result, nil
}

// uuidForm is the form of ids in answers.
type uuidForm int

const (
	uuidStructured uuidForm = iota
	uuidText
)

func (f uuidForm) render(id uuid.UUID) *shared.UUID {
	if f == uuidText {
		return &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
	}
	var most, least uint64
	for i := range 8 {
		most = most<<8 | uint64(id[i])
		least = least<<8 | uint64(id[8+i])
	}
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits: int64(most), LeastSignificantBits: int64(least),
	}}}
}

const (
	contentTypeJSON   = "application/json"
	contentTypeBinary = "application/octet-stream"
)

// proposedEvent validates an event of an append.
func proposedEvent(id *shared.UUID, metadata map[string]string, custom, data []byte) (proposed, error) {
	kind, ok := metadata["type"]
	if !ok {
		return proposed{}, errMissingMetadata("type")
	}
	contentType, ok := metadata["content-type"]
	if !ok {
		return proposed{}, errMissingMetadata("content-type")
	}
	if kind == "" {
		return proposed{}, invalid("The type of an event cannot be empty.")
	}
	parsed, err := eventID(id)
	if err != nil {
		return proposed{}, err
	}
	if parsed == uuid.Nil {
		return proposed{}, invalid("The id of an event cannot be the nil UUID.")
	}
	return proposed{id: parsed, kind: kind, json: contentType == contentTypeJSON, data: data, metadata: custom}, nil
}

// size returns the size of an event for the limit of an append, in bytes. As on the server, the type
// counts as UTF-16.
func (p *proposed) size() int {
	kind := 0
	for _, r := range p.kind {
		kind += 2 * utf16.RuneLen(r)
	}
	return len(p.data) + len(p.metadata) + kind
}
