package main

import (
	"os"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestAMasterKeyIsRotatedWhileTheServerRuns: afterwards the old one is not needed.
func TestAMasterKeyIsRotatedWhileTheServerRuns(t *testing.T) {
	data := dataDir(t)
	s := serve(t, data, "127.0.0.1:0", "--quiet")
	ctx := testContext(t)
	record := func() domain.PersonID {
		t.Helper()
		p, err := storytellerFor(t, s).record(ctx, "Айгүл Серікқызы", "1990-05-17", "citizen", true)
		if err != nil {
			t.Fatal(err)
		}
		return p.id
	}
	before := record()
	if out := use(t, "keys", "rotate-master", "--data", data); !strings.Contains(out, "1 of 1 records were wrapped anew") {
		t.Errorf("it says %s", out)
	}
	after := record() // by the running server, with the new key
	if out := use(t, "keys", "rotate-master", "--data", data, "--keep-newest"); !strings.Contains(out, "0 of 1 records were wrapped anew") {
		t.Errorf("the second time it says %s", out)
	}
	s.signal(os.Interrupt)
	s.exits(0)
	text, err := os.ReadFile(masterKeysFile(data))
	if err != nil {
		t.Fatal(err)
	}
	newest, old, two := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if !two || newest == old {
		t.Fatalf("the file has not two keys")
	}
	if err := os.WriteFile(masterKeysFile(data), []byte(newest+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = serve(t, data, "127.0.0.1:0", "--quiet")
	for _, id := range []domain.PersonID{before, after} {
		events, err := storytellerFor(t, s).history(ctx, "/v1/persons/"+id.String()+"/history")
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != 1 || !strings.Contains(string(events[0].Data), "Айгүл") {
			t.Errorf("the history of %s is %+v", id, events)
		}
	}
}
