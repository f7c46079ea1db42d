package main

import (
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// hideSome appends 20 events to a stream of the node and shows its readers two.
func hideSome(t *testing.T, node *embedded.Node) {
	t.Helper()
	client := eventstoretest.Connect(t, node.ConnectionString())
	anyRevision := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}
	for range 20 {
		e := esdb.EventData{EventID: uuid.New(), EventType: "Written"}
		if _, err := client.AppendToStream(t.Context(), "s", anyRevision, e); err != nil {
			t.Fatal(err)
		}
	}
	var metadata esdb.StreamMetadata
	metadata.SetMaxCount(2)
	if _, err := client.SetStreamMetadata(t.Context(), "s", anyRevision, metadata); err != nil {
		t.Fatal(err)
	}
}

func TestScavenge(t *testing.T) {
	dir := t.TempDir()
	command := &storeScavengeCommand{storeDir{dir}}
	node, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := serveAdmin(node, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	hideSome(t, node)
	if report, err := command.scavenge(t.Context()); err != nil || report.Events != 18 {
		t.Errorf("served: %+v, %v, want 18 events removed", report, err)
	}

	hideSome(t, node)
	if err := admin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	// Of the metadata, the older event goes too.
	if report, err := command.scavenge(t.Context()); err != nil || report.Events != 21 {
		t.Errorf("not served: %+v, %v, want 21 events removed", report, err)
	}
	if check, err := embedded.Check(t.Context(), dir); err != nil || !check.Sound() || check.Events != 3 {
		t.Errorf("%+v, %v, want it sound, with 3 events", check, err)
	}

	absent := &storeScavengeCommand{storeDir{dir + "/absent"}}
	if err := absent.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no event store") {
		t.Errorf("%v, want no store found", err)
	}
}

func TestTheClientLearnsHowTheScavengeEnded(t *testing.T) {
	for answer, want := range map[string]string{
		`{"progress":{"events":1}}{"error":"disk"}`:        "disk",
		`{"progress":{"events":1}}`:                        "ended",
		`{"progress":`:                                     "goes on where it stopped",
		`{"progress":"much"}`:                              "read the answer",
		`{"progress":{"events":1}}{"report":{"events":7}}`: "",
	} {
		report, err := followScavenge(strings.NewReader(answer))
		switch {
		case want == "" && (err != nil || report.Events != 7):
			t.Errorf("%s: %+v, %v, want 7 events", answer, report, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", answer, err, want)
		}
	}
}

func TestProgressIsThrottled(t *testing.T) {
	reported := 0
	tell := throttled(func(embedded.Scavenged) { reported++ })
	for began := time.Now(); time.Since(began) < progressEvery/4; {
		tell(embedded.Scavenged{})
	}
	if reported != 1 {
		t.Errorf("reported %d times, want once", reported)
	}
}
