package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
)

// The refusals of a node whose disk takes no writes, or has damaged files. Clients know
// them by the first words of their text. They are not Unavailable, by which the official
// client takes its connection for lost: reads go on.

// errDiskFull refuses a write for want of room on the disk.
func errDiskFull(detail string) error {
	return newRefusal(codes.ResourceExhausted,
		"Disk Full: the event store takes no appends until there is room on its disk ("+detail+").",
		"exception", "disk-full")
}

// errDiskFailed refuses a write after the disk has refused one for another cause.
func errDiskFailed(cause error) error {
	return newRefusal(codes.FailedPrecondition,
		"Disk Failed: the event store takes no appends until its disk works again ("+cause.Error()+").",
		"exception", "disk-failed")
}

// errFilesReplaced refuses a write to a store whose files are not there any more.
func errFilesReplaced() error {
	return newRefusal(codes.FailedPrecondition,
		"Files Replaced: the files of the event store were replaced or removed while it ran. Stop it, put the right "+
			"files in their place, and start it again.",
		"exception", "files-replaced")
}

// refusalOf is the refusal of writes for the cause of a failed disk.
func refusalOf(cause error) error {
	var known *refusal
	if errors.As(cause, &known) {
		return known
	}
	return errDiskFailed(cause)
}

// errLooking refuses a write to a node that was opened for reading only.
func errLooking() error {
	return newRefusal(codes.FailedPrecondition, "Read Only: the event store was opened for reading only.",
		"exception", "read-only")
}

// errDamaged fails a call that needs a damaged part of the files.
func errDamaged(detail string) error {
	return newRefusal(codes.DataLoss, "Damaged Files: "+detail, "exception", "damaged-files")
}

// takesNoAppends is the line of the log for all of these refusals.
const takesNoAppends = "the event store takes no appends; reads go on"

// health says whether the store can write now.
type health struct {
	log *sparseLog

	mu      sync.Mutex
	trouble error         // why it cannot; nil where it can
	begun   chan struct{} // closed while there is trouble
}

func newHealth(logger *slog.Logger) *health {
	return &health{log: newSparseLog(logger), begun: make(chan struct{})}
}

// now returns why the store cannot write; nil where it can. The channel closes when that
// begins.
func (h *health) now() (begun <-chan struct{}, trouble error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.begun, h.trouble
}

func (h *health) begin(trouble error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trouble == nil {
		close(h.begun)
	}
	h.trouble = trouble
	h.log.say(slog.LevelError, takesNoAppends, "reason", messageOf(trouble))
}

func (h *health) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trouble == nil {
		return
	}
	h.trouble, h.begun = nil, make(chan struct{})
	h.log.say(slog.LevelInfo, "the event store takes appends again")
}

// messageOf returns the sentence of a refusal without its code.
func messageOf(err error) string {
	if r, ok := err.(*refusal); ok {
		return r.status.Message()
	}
	return err.Error()
}

// sayEvery is the shortest time between two lines of the same text.
const sayEvery = time.Minute

// sparseLog writes a line of one text at most once in sayEvery, with the number of those that
// it left out. A broken disk has the same to say hundreds of times in a second.
type sparseLog struct {
	logger *slog.Logger

	mu    sync.Mutex
	lines map[string]*sparseLine
}

type sparseLine struct {
	last    time.Time
	leftOut int
}

func newSparseLog(logger *slog.Logger) *sparseLog {
	return &sparseLog{logger: logger, lines: make(map[string]*sparseLine)}
}

// say writes the line. The texts are few and fixed, since each is remembered.
func (l *sparseLog) say(level slog.Level, text string, args ...any) {
	l.mu.Lock()
	line := l.lines[text]
	if line == nil {
		line = &sparseLine{}
		l.lines[text] = line
	}
	if time.Since(line.last) < sayEvery {
		line.leftOut++
		l.mu.Unlock()
		return
	}
	if line.leftOut > 0 {
		args = append(args, "left_out", line.leftOut)
	}
	line.last, line.leftOut = time.Now(), 0
	l.mu.Unlock()
	l.logger.Log(context.Background(), level, text, args...)
}

// roomNeeded is what must be free on the disk before an append is taken, in bytes, beside
// the append itself. With it the engine can write its two tables of 16 MiB, uncompressed,
// begin another write-ahead log of 16 MiB, and do small compactions. So an append that was
// taken can be finished, and the engine is rarely in want of room itself.
const roomNeeded = 64 << 20

// room returns a refusal where an append of the size must not be taken.
func (d *disk) room(size int) error {
	free, known := d.free()
	if need := uint64(roomNeeded) + 2*uint64(size); known && free < need {
		return errDiskFull(fmt.Sprintf("%d MiB are free, %d MiB are needed", free>>20, (need+1<<20-1)>>20))
	}
	return nil
}

// refusal returns why the store would take no append now, as it would answer one; nil where it
// would take one. It asks the disk for its room and its files, and writes nothing.
func (s *store) refusal() error {
	if _, trouble := s.health.now(); trouble != nil {
		return trouble
	}
	v := s.view()
	defer v.release()
	if err := v.engine.disk.inPlace(); err != nil {
		return err
	}
	return v.engine.disk.room(0)
}
