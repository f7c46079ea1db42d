package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"

	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
	"tizilim/projections"
)

// TestCommandLine runs the scripts of testdata/script, which show what an operator types
// and sees.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			tb, ok := env.T().(testing.TB)
			if !ok {
				return errors.New("a script runs outside of a test")
			}
			env.Values[scriptTest{}] = tb
			env.Vars = append(env.Vars, anyOps)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"freeport":  scriptFreePort,
			"occupy":    scriptOccupy,
			"announced": scriptAnnounced,
			"appended":  scriptAppended,
			"ready":     scriptReady,
			"samejson":  scriptSameJSON,
			"tamper":    scriptTamper,
			"status":    scriptStatus,
			"says":      scriptSays,
			"store":     scriptStore,

			"securestore": scriptSecureStore,
			"redis":       scriptRedis,
			"signal":      scriptSignal,
			"printed":     scriptPrinted,
			"accepts":     scriptAccepts,
			"refuses":     scriptRefuses,
		},
	})
}

// printed PATTERN FROM TO: writes the first match of the pattern in the file FROM to the
// file TO, as an operator copies it.
func scriptPrinted(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[1])
	match := regexp.MustCompile(args[0]).FindString(text)
	if match == "" {
		ts.Fatalf("nothing matches %s in:\n%s", args[0], text)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(match+"\n"), 0o600))
}

// scriptAwait is await for a script.
func scriptAwait(ts *testscript.TestScript, try func() error) {
	deadline := time.Now().Add(within)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v", err)
		}
		time.Sleep(5 * time.Millisecond) // between two tries
	}
}

// freeport VAR: sets the variable to a free address, whose port the system gives to no
// client.
func scriptFreePort(ts *testscript.TestScript, _ bool, args []string) {
	for port := 20000 + time.Now().Nanosecond()%10000; ; port++ {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		ts.Setenv(args[0], listener.Addr().String())
		ts.Check(listener.Close())
		return
	}
}

// occupy VAR: sets the variable to an address that is in use until the end.
func scriptOccupy(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ts.Check(listener.Close()) })
	ts.Setenv(args[0], listener.Addr().String())
}

// ready DATA VAR: waits until the server on the directory is ready and sets the variable
// to its URL, and OPS to that for operators.
func scriptReady(ts *testscript.TestScript, _ bool, args []string) {
	scriptAwait(ts, func() error {
		e, err := readEndpoints(ts.MkAbs(args[0]))
		if err != nil {
			return err
		}
		ts.Setenv(args[1], e.HTTP)
		ts.Setenv("OPS", e.Ops)
		return answers(e.HTTP+"/readyz", http.StatusOK)
	})
}

// appended ADDRESS STREAM,STREAM FILE: appends to the streams in turn until the file,
// which a tail writes, has an event of the last one.
func scriptAppended(ts *testscript.TestScript, _ bool, args []string) {
	store, err := eventstore.Open(args[0], slog.New(slog.DiscardHandler))
	ts.Check(err)
	defer func() { ts.Check(store.Close()) }()
	streams := strings.Split(args[1], ",")
	expected := eventstore.NoStream
	scriptAwait(ts, func() error {
		for _, stream := range streams {
			e := eventstore.RawEvent{ID: uuid.New(), Type: "N", JSON: true, Data: []byte("1")}
			if _, _, err := store.AppendRaw(context.Background(), stream, expected, []eventstore.RawEvent{e}); err != nil {
				return err
			}
		}
		expected++
		text, err := os.ReadFile(ts.MkAbs(args[2]))
		if last := streams[len(streams)-1]; err == nil && !strings.Contains(string(text), last) {
			err = fmt.Errorf("%s has no event of %s", args[2], last)
		}
		return err
	})
}

// announced DATA VAR: waits until the server on the directory has written its endpoints
// and sets the variable to its URL.
func scriptAnnounced(ts *testscript.TestScript, _ bool, args []string) {
	scriptAwait(ts, func() error {
		e, err := readEndpoints(ts.MkAbs(args[0]))
		ts.Setenv(args[1], e.HTTP)
		return err
	})
}

// status URL CODE: waits until the address answers with the code.
func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	codes := map[string]int{"200": http.StatusOK, "503": http.StatusServiceUnavailable}
	scriptAwait(ts, func() error { return answers(args[0], codes[args[1]]) })
}

// says FILE TEXT: waits until the file, which a process writes, contains the text.
func scriptSays(ts *testscript.TestScript, _ bool, args []string) {
	scriptAwait(ts, func() error {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && !strings.Contains(string(text), args[1]) {
			err = fmt.Errorf("%s does not say %q:\n%s", args[0], args[1], text)
		}
		return err
	})
}

// store ADDRESS DIR: starts an event store there, until the end.
func scriptStore(ts *testscript.TestScript, _ bool, args []string) {
	node, err := embedded.Open(filepath.Join(ts.MkAbs(args[1])))
	ts.Check(err)
	ts.Defer(func() { ts.Check(node.Close()) })
	ts.Check(node.Start(args[0]))
}

// securestore ADDRESS DIR CA USER PASSWORD: as store, with TLS and one user. The
// certificate is written to the file CA.
func scriptSecureStore(ts *testscript.TestScript, _ bool, args []string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	secure := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	node, err := embedded.Open(ts.MkAbs(args[1]), embedded.WithTLS(secure), embedded.WithCredentials(args[3], args[4]))
	ts.Check(err)
	ts.Defer(func() { ts.Check(node.Close()) })
	ts.Check(node.Start(args[0]))
}

// redis ADDRESS [ARGUMENT...]: starts a real Redis there, until the end.
func scriptRedis(ts *testscript.TestScript, _ bool, args []string) {
	startRedis(ts.Value(scriptTest{}).(testing.TB), args[0], args[1:]...)
}

// tamper ADDRESS: changes one value of the read model.
func scriptTamper(ts *testscript.TestScript, _ bool, args []string) {
	client, err := projections.Connect("redis://" + args[0])
	ts.Check(err)
	defer client.Close()
	keys, err := client.Keys(context.Background(), "{tizilim}:g3:residence-*").Result()
	ts.Check(err)
	for _, key := range keys {
		if client.HExists(context.Background(), key, "class").Val() { // the record of a person itself
			ts.Check(client.HSet(context.Background(), key, "class", "nobody").Err())
			return
		}
	}
	ts.Fatalf("none of %d keys is a person's record", len(keys))
}

// samejson FILE FILE: fails unless both files hold the same JSON.
func scriptSameJSON(ts *testscript.TestScript, _ bool, args []string) {
	var values [2]any
	for i, name := range args {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &values[i]))
	}
	if diff := cmp.Diff(values[0], values[1]); diff != "" {
		ts.Fatalf("%s and %s differ:\n%s", args[0], args[1], diff)
	}
}

// scriptTest is the key of the test that runs a script.
type scriptTest struct{}

// signal NAME DATA: sends the signal to the server on the directory.
func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	e, err := readEndpoints(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(syscall.Kill(
		e.PID,
		map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP}[args[0]],
	))
}
