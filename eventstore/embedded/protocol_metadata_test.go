package embedded_test

import (
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/eventstore/embedded"
)

// TestMalformedMetadataIsIgnoredAsAWhole appends three events and metadata that hides the first two.
func TestMalformedMetadataIsIgnoredAsAWhole(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	for name, c := range map[string]struct {
		metadata    string
		contentType string
		shown       int
	}{
		"sound":                      {`{"$tb":2,"$acl":{"$r":"$all"},"$cacheControl":9,"x":{}}`, "application/json", 1},
		"not flagged as JSON":        {`{"$tb":2}`, "application/octet-stream", 3},
		"no access list":             {`{"$tb":2,"$acl":null}`, "application/json", 3},
		"a right of a number":        {`{"$tb":2,"$acl":{"$r":[1]}}`, "application/json", 3},
		"cache control as text":      {`{"$tb":2,"$cacheControl":"x"}`, "application/json", 3},
		"cache control of a part":    {`{"$tb":2,"$cacheControl":1.5}`, "application/json", 3},
		"cache control of all times": {`{"$tb":2,"$cacheControl":1000000000000}`, "application/json", 3},
	} {
		t.Run(name, func(t *testing.T) {
			stream := strings.ReplaceAll(name, " ", "-")
			if _, _, err := w.append(toStream(stream), message("{}"), message("{}"), message("{}")); err != nil {
				t.Fatal(err)
			}
			m := message(c.metadata)
			m.Metadata = map[string]string{"type": "$metadata", "content-type": c.contentType}
			if _, _, err := w.append(toStream("$$"+stream), m); err != nil {
				t.Fatal(err)
			}
			events, _, err := w.read(readRequest(stream))
			if err != nil || len(events) != c.shown {
				t.Fatalf("%d events, %v, want %d", len(events), err, c.shown)
			}
			// It is given back as it was written, whatever it means.
			kept, _, err := w.read(readRequest("$$" + stream))
			if err != nil || len(kept) != 1 || string(kept[0].GetEvent().GetEvent().GetData()) != c.metadata {
				t.Fatalf("%v, %v, want the metadata", kept, err)
			}
		})
	}
}

// TestMetadataCannotBeDeleted differs from the server, which allows it. Version 23.10 then stops at every start.
func TestMetadataCannotBeDeleted(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	if _, _, err := w.append(toStream("$$s"), message("{}")); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"delete": func() error {
			_, err := w.streams.Delete(w.ctx, &streams.DeleteReq{Options: &streams.DeleteReq_Options{
				StreamIdentifier: named("$$s"), ExpectedStreamRevision: &streams.DeleteReq_Options_Any{Any: &shared.Empty{}},
			}})
			return err
		},
		"tombstone": func() error {
			_, err := w.streams.Tombstone(w.ctx, &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
				StreamIdentifier: named("$$s"), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
			}})
			return err
		},
	} {
		if err := call(); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "cannot be deleted") {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	if kept, _, err := w.read(readRequest("$$s")); err != nil || len(kept) != 1 {
		t.Errorf("%v, %v, want the metadata still there", kept, err)
	}
}
