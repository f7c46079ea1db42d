package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"tizilim/eventstore/embedded"
)

// storeScavengeCommand removes deleted events from the disk. The registry deletes
// nothing, so it removes nothing from the registry's own store.
type storeScavengeCommand struct{ storeDir }

func (c *storeScavengeCommand) Run(ctx context.Context) error {
	report, err := c.scavenge(ctx)
	if err != nil {
		return err
	}
	return printJSON(report)
}

func (c *storeScavengeCommand) scavenge(ctx context.Context) (report embedded.Scavenged, err error) {
	if err := c.exists(); err != nil {
		return report, err
	}
	answer, err := openAdmin(ctx, c.Data, "scavenge", "")
	if err != nil {
		return report, err
	}
	if answer != nil {
		defer answer.Close()
		return followScavenge(answer)
	}
	err = c.offline(func(node *embedded.Node) (err error) {
		report, err = node.Scavenge(ctx, throttled(tellProgress))
		return err
	})
	return report, err
}

// progressEvery is the shortest time between two reports of progress.
const progressEvery = time.Second

// throttled returns a function that calls tell at most once in progressEvery and
// ignores the calls in between.
func throttled(tell func(embedded.Scavenged)) func(embedded.Scavenged) {
	var last time.Time
	return func(s embedded.Scavenged) {
		if now := time.Now(); now.Sub(last) >= progressEvery {
			last = now
			tell(s)
		}
	}
}

// tellProgress prints to standard error: standard output is for the final report.
func tellProgress(s embedded.Scavenged) {
	fmt.Fprintf(os.Stderr, "%d events of %d bytes removed so far, %d streams scanned\n", s.Events, s.Bytes, s.Streams)
}

// scavengeLine is one line of the answer of the server of a store to a scavenge. Each
// line has progress; the last one has a report or an error instead.
type scavengeLine struct {
	Progress *embedded.Scavenged `json:"progress,omitempty"`
	Report   *embedded.Scavenged `json:"report,omitempty"`
	Error    string              `json:"error,omitempty"`
}

// answerScavenge scavenges until it is done or the client disconnects.
func answerScavenge(w http.ResponseWriter, r *http.Request, node *embedded.Node) {
	out, connection := json.NewEncoder(w), http.NewResponseController(w)
	send := func(news scavengeLine) {
		// Where the client has disconnected, the context of the request ends the scavenge.
		_ = out.Encode(news)
		_ = connection.Flush()
	}
	report, err := node.Scavenge(
		r.Context(),
		throttled(func(s embedded.Scavenged) { send(scavengeLine{Progress: &s}) }),
	)
	if err != nil {
		send(scavengeLine{Error: err.Error()})
		return
	}
	send(scavengeLine{Report: &report})
}

// followScavenge reads the answer of answerScavenge and shows its progress.
func followScavenge(answer io.Reader) (embedded.Scavenged, error) {
	for in := json.NewDecoder(answer); ; {
		var news scavengeLine
		err := in.Decode(&news)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return embedded.Scavenged{}, errors.New("the server of the store ended before the scavenge: " +
				"run it again, and it goes on where it stopped")
		case err != nil:
			return embedded.Scavenged{}, fmt.Errorf("read the answer of the store's server: %w", err)
		case news.Error != "":
			return embedded.Scavenged{}, errors.New(news.Error)
		case news.Report != nil:
			return *news.Report, nil
		case news.Progress != nil:
			tellProgress(*news.Progress)
		}
	}
}
