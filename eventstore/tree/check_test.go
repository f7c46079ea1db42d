package tree_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore"
	"tizilim/eventstore/tree"
)

// found writes findings as kind and stream@revision, without their sentences.
func found(r tree.Report) []string {
	lines := []string{}
	for _, f := range r.Findings {
		lines = append(lines, string(f.Kind)+" "+f.Event.String())
	}
	return lines
}

func ref(stream string, revision uint64) string {
	return domain.EventRef{Stream: stream, Revision: revision}.String()
}

func TestWhatIsDoneBehindTheRegistrysBackIsFoundAndNamed(t *testing.T) {
	base := open(t, t.TempDir())
	base.fill()
	access := "access-" + person.String()
	newList := domain.ListID{UUID: uuid.New()}.Stream()
	// genuine returns an event of the registry with another id, to be written somewhere else.
	genuine := func(w *world, stream string, revision int) eventstore.RawEvent {
		e := w.raw(stream)[revision]
		e.ID = uuid.New()
		return e
	}
	bare := func(w *world) eventstore.RawEvent {
		e := genuine(w, first.Stream(), 3)
		e.Metadata = []byte(strings.Split(string(e.Metadata), `,"mac"`)[0] + "}")
		return e
	}
	base.close()

	for name, way := range map[string]struct {
		attack func(w *world) *world
		want   []string
	}{
		"nothing": {func(w *world) *world { return w }, []string{}},
		"a forged event in a list": {
			func(w *world) *world { w.write(first.Stream(), 3, bare(w)); return w },
			[]string{"forged " + ref(first.Stream(), 4)},
		},
		"a forged event in a new stream": {
			func(w *world) *world { w.write(newList, -1, bare(w)); return w },
			[]string{"forged " + ref(newList, 0)},
		},
		"a forged entry of an access log": {
			func(w *world) *world { w.write(access, 3, genuine(w, access, 3)); return w },
			[]string{"forged " + ref(access, 4)},
		},
		"a genuine event again, in another stream": {
			func(w *world) *world { w.write(first.Stream(), 3, genuine(w, second.Stream(), 2)); return w },
			[]string{"forged " + ref(first.Stream(), 4)},
		},
		"a genuine event again, at another revision": {
			func(w *world) *world { w.write(first.Stream(), 3, w.copied(first.Stream(), 3)); return w },
			[]string{"forged " + ref(first.Stream(), 4)},
		},
		"changed data": {
			func(w *world) *world {
				e := w.raw(first.Stream())[1]
				return w.rewrite(func(f files) { f.replace(e, "first 1", "first 9") })
			},
			[]string{"changed " + ref(first.Stream(), 1)},
		},
		"changed metadata": {
			func(w *world) *world {
				e := w.raw(access)[2]
				return w.rewrite(func(f files) { f.replace(e, `"actor":"desk-2"`, `"actor":"desk-7"`) })
			},
			[]string{"changed " + ref(access, 2)},
		},
		"a changed time of the log in a copy": {
			func(w *world) *world {
				return w.copyLog(func(e *eventstore.RawEvent) bool {
					if e.Stream == second.Stream() && e.Revision == 2 {
						e.Created = e.Created.Add(-1e9)
					}
					return true
				})
			},
			[]string{"changed " + ref(second.Stream(), 2)},
		},
		"the last event of a stream removed": {
			func(w *world) *world {
				e := w.raw(first.Stream())[3]
				return w.rewrite(func(f files) { f.remove(e) })
			},
			[]string{"removed " + ref(first.Stream(), 3)},
		},
		"an event in the middle removed": {
			func(w *world) *world {
				e := w.raw(first.Stream())[1]
				return w.rewrite(func(f files) { f.remove(e) })
			},
			[]string{"removed " + ref(first.Stream(), 1)},
		},
		"an access log deleted": {
			func(w *world) *world { w.delete(access); return w },
			[]string{"hidden " + ref(access, 0)},
		},
		"an access log truncated by its metadata": {
			func(w *world) *world {
				w.write("$$"+access, -1, eventstore.RawEvent{ID: uuid.New(), Type: "$metadata", JSON: true, Data: []byte(`{"$tb":3}`)})
				return w
			},
			[]string{"hidden " + ref(access, 2)},
		},
		"a list cut to its last event by its metadata": {
			func(w *world) *world {
				w.write("$$"+first.Stream(), -1,
					eventstore.RawEvent{ID: uuid.New(), Type: "$metadata", JSON: true, Data: []byte(`{"$maxCount":1}`)})
				return w
			},
			[]string{"hidden " + ref(first.Stream(), 2)},
		},
		"two events of a stream swapped": {
			func(w *world) *world {
				events := w.raw(first.Stream())
				return w.rewrite(func(f files) {
					f.replace(events[1], "first 1", "first 2")
					f.replace(events[2], "first 2", "first 1")
				})
			},
			[]string{"changed " + ref(first.Stream(), 1), "changed " + ref(first.Stream(), 2)},
		},
		"two streams swapped in the order of the log": {
			func(w *world) *world {
				a, b := w.raw(first.Stream())[1], w.raw(second.Stream())[1]
				return w.rewrite(func(f files) { f.swapPositions(a, b) })
			},
			[]string{"reordered " + ref(first.Stream(), 1)},
		},
		"the log cut off": {
			func(w *world) *world {
				cut := w.copyLog(func(e *eventstore.RawEvent) bool {
					return e.Stream != proof.HeadStream || e.Revision < 2
				})
				must(w.t, os.CopyFS(filepath.Join(cut.dir, "kept"), os.DirFS(w.dir)))
				must(w.t, os.Rename(filepath.Join(cut.dir, "kept", "log.head"), filepath.Join(cut.dir, "log.head")))
				return cut
			},
			[]string{"cut_off " + ref(proof.HeadStream, 1)},
		},
		"a head signed with another key": {
			func(w *world) *world {
				return w.copyLog(func(e *eventstore.RawEvent) bool {
					if e.Stream == proof.HeadStream && e.Revision == 2 {
						*e = resigned(w, *e)
					}
					return true
				})
			},
			[]string{"bad_head " + ref(proof.HeadStream, 2)},
		},
		"the leaves of a head changed": {
			func(w *world) *world {
				return w.copyLog(func(e *eventstore.RawEvent) bool {
					if e.Stream == proof.HeadStream && e.Revision == 2 {
						*e = releafed(w, *e)
					}
					return true
				})
			},
			[]string{"bad_head " + ref(proof.HeadStream, 2)},
		},
		"a head without its MAC": {
			func(w *world) *world {
				return w.copyLog(func(e *eventstore.RawEvent) bool {
					if e.Stream == proof.HeadStream && e.Revision == 2 {
						e.Metadata = []byte(`{"schema":"1"}`)
					}
					return true
				})
			},
			[]string{"bad_head " + ref(proof.HeadStream, 2)},
		},
		"a head with leaves that have no hashes": {
			func(w *world) *world {
				return w.copyLog(func(e *eventstore.RawEvent) bool {
					if e.Stream == proof.HeadStream && e.Revision == 2 {
						*e = without(w, *e, "hashes")
					}
					return true
				})
			},
			[]string{"bad_head " + ref(proof.HeadStream, 2)},
		},
		"a head of more events than follow": {
			func(w *world) *world {
				return w.copyLog(func(e *eventstore.RawEvent) bool {
					if e.Stream == proof.HeadStream && e.Revision == 2 {
						*e = ofOneMore(w, *e)
					}
					return true
				})
			},
			[]string{"bad_head " + ref(proof.HeadStream, 2)},
		},
		"the first head removed": {
			func(w *world) *world {
				e := w.raw(proof.HeadStream)[0]
				return w.rewrite(func(f files) { f.remove(e) })
			},
			[]string{"bad_head " + ref(proof.HeadStream, 1)},
		},
		"another log of the same key in its place": {
			func(w *world) *world {
				other := open(w.t, w.t.TempDir())
				for i := range 12 { // as many events as the kept head has
					other.append(first.Stream(), i-1, fmt.Sprintf("another %d", i))
				}
				other.flush()
				must(w.t, os.Rename(filepath.Join(w.dir, "log.head"), filepath.Join(other.dir, "log.head")))
				return other
			},
			[]string{"bad_head " + ref(proof.HeadStream, 1)},
		},
		"a list deleted for ever": {
			func(w *world) *world { w.tombstone(first.Stream()); return w },
			[]string{"hidden " + ref(first.Stream(), 0)},
		},
		"the heads deleted": {
			func(w *world) *world { w.delete(proof.HeadStream); return w },
			[]string{"cut_off " + ref(proof.HeadStream, 0), "hidden " + ref(proof.HeadStream, 0)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := way.attack(open(t, copyOf(t, base.dir)))
			r := w.check()
			if diff := cmp.Diff(way.want, found(r)); diff != "" || r.Sound() != (len(way.want) == 0) {
				t.Errorf("sound: %v (-want +found)\n%s", r.Sound(), diff)
			}
		})
	}
}

// copied is an event of the registry as a copy of the log has it.
func (w *world) copied(stream string, revision int) eventstore.RawEvent {
	e := w.raw(stream)[revision]
	e.ID = uuid.New()
	e.Metadata = []byte(strings.TrimSuffix(string(e.Metadata), "}") +
		`,"$copied_created":"2026-03-01T12:00:00Z","$copied_position":"1"}`)
	return e
}

// resigned is the head with the signature of another key.
func resigned(w *world, e eventstore.RawEvent) eventstore.RawEvent {
	own, other := newSigner(w.t, 1), newSigner(w.t, 2)
	head, err := own.Public().Open(noteIn(w.t, e))
	must(w.t, err)
	note, err := other.Sign(head)
	must(w.t, err)
	e.Data = []byte(strings.Replace(string(e.Data), jsonText(w.t, noteIn(w.t, e)), jsonText(w.t, note), 1))
	e.Metadata = []byte(`{"schema":"1"}`)
	return w.registry.MarkRaw(e.Stream, e.Revision, e) // by somebody who even has the key of MACs
}

// releafed is the head with another hash of its first leaf, by somebody who has the key
// of MACs.
func releafed(w *world, e eventstore.RawEvent) eventstore.RawEvent {
	const member = `"hashes":"`
	at := strings.Index(string(e.Data), member) + len(member)
	data := []byte(string(e.Data))
	if data[at]++; data[at] == 'Z'+1 || data[at] == 'z'+1 || data[at] == '9'+1 || data[at] == '+'+1 || data[at] == '/'+1 {
		data[at] = 'b'
	}
	e.Data, e.Metadata = data, []byte(`{"schema":"1"}`)
	return w.registry.MarkRaw(e.Stream, e.Revision, e)
}

// ofOneMore is the head signed for one event more than its leaves are, by somebody who has
// both keys.
func ofOneMore(w *world, e eventstore.RawEvent) eventstore.RawEvent {
	signer := newSigner(w.t, 1)
	head, err := signer.Public().Open(noteIn(w.t, e))
	must(w.t, err)
	head.Size++
	note, err := signer.Sign(head)
	must(w.t, err)
	e.Data = []byte(strings.Replace(string(e.Data), jsonText(w.t, noteIn(w.t, e)), jsonText(w.t, note), 1))
	e.Metadata = []byte(`{"schema":"1"}`)
	return w.registry.MarkRaw(e.Stream, e.Revision, e)
}

// without is the event without a member of its data, by somebody who has the key of MACs.
func without(w *world, e eventstore.RawEvent, member string) eventstore.RawEvent {
	var members map[string]json.RawMessage
	must(w.t, json.Unmarshal(e.Data, &members))
	delete(members, member)
	data, err := json.Marshal(members)
	must(w.t, err)
	e.Data, e.Metadata = data, []byte(`{"schema":"1"}`)
	return w.registry.MarkRaw(e.Stream, e.Revision, e)
}

func TestALegitimateCopyOfTheLogProvesItself(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	other := w.copyLog(func(*eventstore.RawEvent) bool { return true })
	if r := other.check(); !r.Sound() || r.Covered != 12 || r.Events != 12 {
		t.Errorf("%+v", r)
	}
	other.append(first.Stream(), 3, "first 4")
	tree := other.flush()
	if head, _ := tree.Head(); head.Size != 13 {
		t.Errorf("the tree goes on with %d events", head.Size)
	}
	if r := other.check(); !r.Sound() {
		t.Errorf("%+v", r)
	}
}

func TestThePublicKeyAloneFindsWhatTheTreeCovers(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	e := w.raw(first.Stream())[1]
	w = w.rewrite(func(f files) { f.replace(e, "first 1", "first 9") })
	r, err := tree.Check(t.Context(), tree.CheckConfig{Store: w.intruder, Public: newSigner(t, 1).Public()})
	must(t, err)
	if diff := cmp.Diff([]string{"changed " + ref(first.Stream(), 1)}, found(r)); diff != "" {
		t.Errorf("(-want +found)\n%s", diff)
	}
}

func TestManyRemovedEventsAreAllNamed(t *testing.T) {
	w := open(t, t.TempDir())
	for i := range 40 {
		w.append(first.Stream(), i-1, "x")
	}
	w.flush()
	events := w.raw(first.Stream())
	w = w.rewrite(func(f files) {
		for _, e := range events[10:30] {
			f.remove(e)
		}
	})
	if r := w.check(); r.Found != 20 {
		t.Errorf("%d found: %v", r.Found, found(r))
	}
}

func TestAHeadThatIsSignedDuringACheckIsNoSignOfALogThatWasCutOff(t *testing.T) {
	w := open(t, t.TempDir())
	const events = 300 // more than the check reads between two reports of its progress
	for i := range events {
		w.append(first.Stream(), i-1, fmt.Sprintf("before %d", i))
	}
	w.flush()
	signed := false
	r, err := tree.Check(t.Context(), tree.CheckConfig{
		Store: w.registry, Public: newSigner(t, 1).Public(), Key: macKey, Witness: w.witness(),
		Progress: func(int64, int64) {
			if !signed {
				signed = true
				w.append(first.Stream(), events-1, "meanwhile")
				w.flush()
			}
		},
	})
	must(t, err)
	if !signed {
		t.Fatal("the check told nothing of its progress")
	}
	if len(r.Findings) > 0 {
		t.Errorf("it finds %v", r.Findings)
	}
}
