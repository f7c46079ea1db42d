package gateway_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/gateway"
)

func message(n byte) command.Message {
	return command.Message{
		ID:   uuid.UUID{n},
		Way:  notice.SMS,
		To:   "+77010000000",
		Text: domain.Personal("text\nof two lines " + string('0'+rune(n))),
	}
}

func open(t *testing.T, path string) *gateway.Outbox {
	t.Helper()
	o, err := gateway.OpenOutbox(path)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func send(t *testing.T, o *gateway.Outbox, messages ...command.Message) {
	t.Helper()
	for _, m := range messages {
		if err := o.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOutboxHoldsEveryMessageOnceAcrossRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.ndjson")
	o := open(t, path)
	send(t, o, message(1), message(2), message(1))
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = open(t, path)
	defer o.Close()
	send(t, o, message(2), message(3))
	if got := text(t, path); strings.Count(got, "\n") != 3 || strings.Count(got, "of two lines 2") != 1 {
		t.Errorf("the outbox holds:\n%s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v, %v", info.Mode(), err)
	}
}

func TestOutboxWritesOverWhatACrashCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.ndjson")
	o := open(t, path)
	send(t, o, message(1), message(2))
	_ = o.Close()
	whole := text(t, path)
	if err := os.WriteFile(path, []byte(whole[:len(whole)-1]), 0o600); err != nil { // all but the last line break
		t.Fatal(err)
	}
	o = open(t, path)
	defer o.Close()
	send(t, o, message(1), message(2), message(3))
	lines := strings.Split(strings.TrimSpace(text(t, path)), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "of two lines 2") {
		t.Errorf("the outbox holds %q", lines)
	}
}

func TestOutboxRefusesAFileThatIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.ndjson")
	if err := os.WriteFile(path, []byte("shopping list\nmilk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.OpenOutbox(path); err == nil {
		t.Error("opened, and would have been written over")
	}
	if got := text(t, path); got != "shopping list\nmilk\n" {
		t.Errorf("now holds %q", got)
	}
}

func TestOutboxIsWrittenByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.ndjson")
	o := open(t, path)
	if _, err := gateway.OpenOutbox(path); !errors.Is(err, gateway.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
}
