package eventstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/domain"
)

// The first words of the refusals of the embedded event store whose disk takes no writes, or has
// damaged files. It sends them with these codes.
const (
	diskFullText     = "Disk Full:"
	diskFailedText   = "Disk Failed:"
	replacedText     = "Files Replaced:"
	damagedFilesText = "Damaged Files:"
)

// diskError converts the refusal of an event store for the sake of its disk; nil where the error is none.
func diskError(what string, at endpoint, err error) error {
	if err == nil {
		return nil
	}
	message := serverMessage(err)
	refused := func(reason Reason, text string) error {
		detail := strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(message, text)), ".")
		return fmt.Errorf("event store: %s: %w", what,
			&ConnectError{Reason: reason, Endpoint: at.String(), Err: errors.New(detail)})
	}
	switch code := status.Code(err); {
	case code == codes.ResourceExhausted && strings.HasPrefix(message, diskFullText):
		return refused(DiskFull, diskFullText)
	case code == codes.FailedPrecondition && strings.HasPrefix(message, diskFailedText):
		return refused(DiskFailed, diskFailedText)
	case code == codes.FailedPrecondition && strings.HasPrefix(message, replacedText):
		return refused(FilesReplaced, replacedText)
	case code == codes.DataLoss && strings.HasPrefix(message, damagedFilesText):
		return fmt.Errorf("event store: %s: %s: %w", what, message, errDamagedFiles)
	}
	return nil
}

// errDamagedFiles is what the client sees of a record that lies in a damaged part of the files.
var errDamagedFiles = domain.Refuse(domain.Unavailable, domain.CodeRecordUnread,
	"a part of this record cannot be read from the disk of the event store: nothing is recorded on it "+
		"until an operator has restored it")

// ofDisk reports whether the event store has refused an append for the sake of its disk.
func ofDisk(err error) bool {
	var why *ConnectError
	return errors.As(err, &why) && slices.Contains([]Reason{DiskFull, DiskFailed, FilesReplaced}, why.Reason)
}
