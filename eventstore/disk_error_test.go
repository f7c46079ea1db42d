package eventstore

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/domain"
)

// A refusal for the sake of the disk is told by code and first words together: a server that is not
// ours may use either for something else.
func TestARefusalOfTheDiskIsToldByItsCodeAndItsFirstWords(t *testing.T) {
	for _, c := range []struct {
		code   codes.Code
		text   string
		is     domain.Code // "": no refusal of the disk
		ofDisk bool        // an append was refused for the sake of the disk
	}{
		{codes.ResourceExhausted, "Disk Full: no room.", domain.CodeDiskFull, true},
		{codes.ResourceExhausted, "received message larger than max", "", false},
		{codes.Internal, "Disk Full: no room.", "", false},
		{codes.FailedPrecondition, "Disk Failed: input/output error.", domain.CodeLogUnavailable, true},
		{codes.FailedPrecondition, "Files Replaced: stop it.", domain.CodeLogUnavailable, true},
		{codes.FailedPrecondition, "Wrong expected version.", "", false},
		{codes.DataLoss, "Damaged Files: 000012.sst", domain.CodeRecordUnread, false},
		{codes.DataLoss, "something else", "", false},
	} {
		err := diskError("append", endpoint{}, status.Error(c.code, c.text))
		if (err == nil) != (c.is == "") || domain.CodeOf(err) != c.is {
			t.Errorf("%s %q: %v, want the code %q", c.code, c.text, err, c.is)
		}
		if got := ofDisk(err); got != c.ofDisk {
			t.Errorf("%s %q: of the disk %v, want %v", c.code, c.text, got, c.ofDisk)
		}
	}
	if err := diskError("append", endpoint{}, nil); err != nil || ofDisk(errors.New("another")) {
		t.Errorf("no error: %v", err)
	}
}
