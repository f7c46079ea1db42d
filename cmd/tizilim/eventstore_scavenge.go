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

// storeScavengeCommand takes deleted events off the disk. The registry deletes
// nothing, so of its own store nothing goes.
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
		report, err = node.Scavenge(ctx, seldom(tellProgress))
		return err
	})
	return report, err
}

// progressEvery is how often a scavenge says how far it is.
const progressEvery = time.Second

// seldom passes on what it is told, no more than once in progressEvery.
func seldom(tell func(embedded.Scavenged)) func(embedded.Scavenged) {
	var told time.Time
	return func(s embedded.Scavenged) {
		if now := time.Now(); now.Sub(told) >= progressEvery {
			told = now
			tell(s)
		}
	}
}

// tellProgress goes to standard error; the report is what is printed.
func tellProgress(s embedded.Scavenged) {
	fmt.Fprintf(os.Stderr, "%d events of %d bytes removed so far, %d streams looked at\n", s.Events, s.Bytes, s.Streams)
}

// scavengeNews is one line of what the server of a store answers while it
// scavenges. The last one has a report or an error.
type scavengeNews struct {
	Progress *embedded.Scavenged `json:"progress,omitempty"`
	Report   *embedded.Scavenged `json:"report,omitempty"`
	Error    string              `json:"error,omitempty"`
}

// answerScavenge scavenges for as long as the asker listens.
func answerScavenge(w http.ResponseWriter, r *http.Request, node *embedded.Node) {
	out, connection := json.NewEncoder(w), http.NewResponseController(w)
	send := func(news scavengeNews) {
		// If the asker has gone the request's context ends the scavenge.
		_ = out.Encode(news)
		_ = connection.Flush()
	}
	report, err := node.Scavenge(r.Context(), seldom(func(s embedded.Scavenged) { send(scavengeNews{Progress: &s}) }))
	if err != nil {
		send(scavengeNews{Error: err.Error()})
		return
	}
	send(scavengeNews{Report: &report})
}

// followScavenge reads what answerScavenge sends.
func followScavenge(answer io.Reader) (embedded.Scavenged, error) {
	for in := json.NewDecoder(answer); ; {
		var news scavengeNews
		err := in.Decode(&news)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return embedded.Scavenged{}, errors.New("the server of the store ended before the scavenge did: " +
				"the next one goes on")
		case err != nil:
			return embedded.Scavenged{}, fmt.Errorf("read what the server of the store answers: %w", err)
		case news.Error != "":
			return embedded.Scavenged{}, errors.New(news.Error)
		case news.Report != nil:
			return *news.Report, nil
		case news.Progress != nil:
			tellProgress(*news.Progress)
		}
	}
}
