package main

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/eventstore"
	"tizilim/eventstore/clock"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/eds"
	"tizilim/eventstore/papers"
	"tizilim/eventstore/tree"
	"tizilim/httpapi/token"
	"tizilim/httpapi/token/oidc"
	"tizilim/projections"
)

// background are the parts that a server runs behind its API, by what stands still without
// each. The values are what each part does for as long as the server runs.
var background = map[string]any{
	"accounts that are opened and closed are known":     (*command.Directory).Run,
	"what is in memory of a released event is given up": command.FollowReleases,
	"the log has a tree and signed heads":               (*tree.Builder).Run,
	"the log is compared with its heads":                (*tree.Watch).Run,
	"the read model follows the log":                    (*projections.Projector).Run,
	"a read model that is late is noticed":              (*projections.Watch).Run,
	"the clock is compared":                             (*clock.Clock).Run,
	"lists of revoked certificates are read again":      (*eds.Verifier).Run,
	"what a crash left half done is finished":           (*command.Finisher).Run,
	"keys of erased persons are destroyed":              (*command.Eraser).Run,
	"what falls due is done":                            (*command.Timer).Run,
	"notices are sent":                                  (*command.Notifier).Run,
	"consumers are called with their facts":             (*command.Webhooks).Run,
	"files that no event names are removed":             (*papers.Sweeper).Run,
	"everybody on a list is told":                       (*command.FanOut).Run,
	"revoked tokens are refused":                        (*token.Revocations).Run,
	"keys of tokens are read again":                     tokenKeys.follow,
	"keys of an identity provider are fetched":          (*oidc.Issuer).Run,
}

// TestAServerRunsEveryPartBehindItsAPI looks at the goroutines of a server that has work for
// every part. Without a part nothing fails at once: what it does would only never happen.
func TestAServerRunsEveryPartBehindItsAPI(t *testing.T) {
	t.Parallel()
	data, files := dataDir(t), t.TempDir()
	s := serve(t, data, "127.0.0.1:0", "--quiet", "--oidc-config", filepath.Join(root, "httpapi/token/oidc/testdata/issuers.json"),
		"--signature-roots", demonstrationRoot(t, files), "--signature-crls", "http://127.0.0.1:1/list.crl")
	await(t, "not every part runs", func() error {
		var works []string // the stacks of what run has started
		for stack := range strings.SplitSeq(fetched(t, s.ops+"/debug/pprof/goroutine?debug=2"), "\n\n") {
			if strings.Contains(stack, nameOf((*app).run)) || strings.Contains(stack, nameOf((*tokens).run)) {
				works = append(works, stack)
			}
		}
		for what, part := range background {
			name := nameOf(part)
			runs := func(stack string) bool { return strings.Contains(stack, "\n"+name+"(") }
			if !slices.ContainsFunc(works, runs) {
				return fmt.Errorf("nothing runs %s, so never: %s", name, what)
			}
			works = slices.DeleteFunc(works, runs)
		}
		if len(works) > 0 {
			return fmt.Errorf("a part that this test does not name: %s", works[0])
		}
		return nil
	})
}

// nameOf is how a stack writes a function.
func nameOf(function any) string {
	return runtime.FuncForPC(reflect.ValueOf(function).Pointer()).Name()
}

// TestTheLogOfAServerBeginsWithWhatLaterEventsRestOn: its keys and first signed head, then that notices
// are owed, then the bodies of accounts that no other body has. All are there before the first
// command can come.
func TestTheLogOfAServerBeginsWithWhatLaterEventsRestOn(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	serve(t, data, "127.0.0.1:0", "--quiet")
	e, err := readEndpoints(data)
	if err != nil {
		t.Fatal(err)
	}
	store, err := e.openEventStore(credentials{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var began []string
	for e, err := range store.ReadRaw(testContext(t), eventstore.RawRead{Stream: eventstore.All}) {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(e.Stream, "$") {
			began = append(began, e.Type)
		}
	}
	began = slices.Compact(began)
	want := []string{"KeysFingerprinted", "DataKeyRootsMade", "HeadSigned", "NoticesBegan", "BodyRecorded"}
	if len(began) < len(want) || !slices.Equal(began[:len(want)], want) {
		t.Errorf("the log begins with %v, want %v", began, want)
	}
}

// demonstrationRoot is a file with the certificate of an authority.
func demonstrationRoot(t *testing.T, dir string) string {
	t.Helper()
	text, err := eds.NewDemonstration(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d, err := eds.ReadDemonstration(text)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
