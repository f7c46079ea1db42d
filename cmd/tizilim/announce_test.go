package main

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// Servers on stores elsewhere may share a data directory for its keys. The tools find the one that
// started last, also when the other one has ended.
func TestAServerTakesBackItsOwnEndpointsOnly(t *testing.T) {
	data := t.TempDir()
	first, second := &app{}, &app{}
	if err := errors.Join(first.announce(data, endpoints{PID: 1}), second.announce(data, endpoints{PID: 2})); err != nil {
		t.Fatal(err)
	}
	ends := func(a *app) {
		t.Helper()
		for _, end := range a.closers {
			if err := end(); err != nil {
				t.Fatal(err)
			}
		}
	}
	ends(first)
	if e, err := readEndpoints(data); err != nil || e.PID != 2 {
		t.Errorf("after the end of the first one: %+v, %v", e, err)
	}
	ends(second)
	if _, err := os.Stat(endpointsFile(data)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end of both: %v", err)
	}
}
