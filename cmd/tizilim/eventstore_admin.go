package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"tizilim/eventstore/embedded"
)

// adminSocket is the Unix socket by which the command line asks the server of a
// store for a backup, a check, the statistics or a scavenge: a store that is served
// is locked. The socket lies in the store's directory, so that it gives nobody more
// rights than the files of the store do.
const adminSocket = "admin.sock"

// adminServer answers on the socket.
type adminServer struct{ server *http.Server }

// Close ends the server and the requests in progress.
func (a *adminServer) Close() error { return a.server.Close() }

// serveAdmin answers requests about the node until it is closed. The node holds the lock
// of the directory.
func serveAdmin(node *embedded.Node, dir string) (*adminServer, error) {
	listener, err := listenSocket(dir, adminSocket)
	if err != nil {
		return nil, err
	}
	answer := func(w http.ResponseWriter, v any, err error) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(v) // the client may have gone
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
	a := &adminServer{&http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}}
	go func() { _ = a.server.Serve(listener) }() // ends with Close
	return a, nil
}

// askAdmin sends a request to the server of the store and decodes its answer into
// result. done is false where no server has the store open.
func askAdmin(ctx context.Context, dir, what, to string, result any) (done bool, err error) {
	answer, err := openAdmin(ctx, dir, what, to)
	if err != nil || answer == nil {
		return false, err
	}
	defer answer.Close()
	if result == nil {
		return true, nil
	}
	return true, json.NewDecoder(answer).Decode(result)
}

// openAdmin sends a request to the server of the store and returns its answer as a
// stream. It returns nil where no server has the store open.
func openAdmin(ctx context.Context, dir, what, to string) (answer io.ReadCloser, err error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socketIn(dir, adminSocket))
		},
		DisableKeepAlives: true,
	}}
	request, err := http.NewRequestWithContext(
		ctx,
		http.MethodPost,
		"http://store/"+what+"?to="+url.QueryEscape(to),
		nil,
	)
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
