package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tizilim/eventstore/embedded"
)

// A store that is served is locked, so its server takes care of it on behalf
// of the command line: over a Unix socket in the store's directory, which only
// those reach who could read the store anyway.
func careSocket(dir string) string { return filepath.Join(dir, "care.sock") }

// care is the server's end of the socket.
type care struct{ server *http.Server }

// Close stops taking care; what is under way ends.
func (c *care) Close() error { return c.server.Close() }

// maxSocketPath is what every system takes as the path of a Unix socket.
const maxSocketPath = 100

// serveCare takes care of the node until closed. In a directory whose path is
// too long for a socket there is no care while the store is served.
func serveCare(node *embedded.Node, dir string) (*care, error) {
	if len(careSocket(dir)) > maxSocketPath {
		slog.Warn("the path of the store is too long for a socket: stop the server to care for the store", "path", dir)
		return &care{&http.Server{}}, nil
	}
	// The node holds the lock of the directory: a socket there is left over.
	if err := os.Remove(careSocket(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listen for the care of the store: %w", err)
	}
	listener, err := net.Listen("unix", careSocket(dir))
	if err != nil {
		return nil, fmt.Errorf("listen for the care of the store: %w", err)
	}
	if err := os.Chmod(careSocket(dir), 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	answer := func(w http.ResponseWriter, v any, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(v) // the asker may have gone
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		answer(w, struct{}{}, node.Backup(r.URL.Query().Get("to")))
	})
	mux.HandleFunc("POST /check", func(w http.ResponseWriter, r *http.Request) {
		report, err := node.Check(r.Context())
		answer(w, report, err)
	})
	mux.HandleFunc("POST /stats", func(w http.ResponseWriter, r *http.Request) {
		stats, err := node.Stats()
		answer(w, stats, err)
	})
	mux.HandleFunc("POST /scavenge", func(w http.ResponseWriter, r *http.Request) { answerScavenge(w, r, node) })
	c := &care{&http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}}
	go func() { _ = c.server.Serve(listener) }() // ends with Close
	return c, nil
}

// askCare asks the server of the store to do something; done is false where the
// store is not served.
func askCare(ctx context.Context, dir, what, to string, result any) (done bool, err error) {
	answer, err := openCare(ctx, dir, what, to)
	if err != nil || answer == nil {
		return false, err
	}
	defer answer.Close()
	if result == nil {
		return true, nil
	}
	return true, json.NewDecoder(answer).Decode(result)
}

// openCare is askCare for an answer that comes bit by bit; it is nil where the
// store is not served.
func openCare(ctx context.Context, dir, what, to string) (answer io.ReadCloser, err error) {
	if len(careSocket(dir)) > maxSocketPath {
		return nil, nil
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", careSocket(dir))
		},
		DisableKeepAlives: true,
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://store/"+what+"?to="+url.QueryEscape(to), nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask the server of the store: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(response.Body, 4096))
		return nil, errors.Join(errors.New(strings.TrimSpace(string(text))), err, response.Body.Close())
	}
	return response.Body, nil
}
