package tree

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/proof"
)

// events are named by one letter; a large letter is another event under the same name, and
// an exclamation mark after it says that its MAC is wrong.
func leavesOf(text string) (all []stored) {
	for _, r := range text {
		name := strings.ToLower(string(r))
		if r == '!' {
			last := &all[len(all)-1]
			last.forged = &proof.Finding{Kind: proof.Forged, Event: last.ref, Detail: "its MAC is wrong"}
			continue
		}
		s := stored{leaf: leaf{ref: domain.EventRef{Stream: name}}}
		s.hash[0] = byte(r)
		all = append(all, s)
	}
	return all
}

// found compares a tree and a log and names what differs.
func found(t *testing.T, tree []leaf, log []stored) (all []string) {
	t.Helper()
	var r Report
	d := &difference{
		report: &r, missing: map[domain.EventRef]leaf{}, extra: map[domain.EventRef]stored{},
		tree: source[leaf]{next: from(tree)}, log: source[stored]{next: from(log)},
	}
	if err := d.run(); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		all = append(all, string(f.Kind)+" "+f.Event.Stream)
	}
	slices.Sort(all)
	return all
}

func from[T any](all []T) func() (T, error, bool) {
	return func() (v T, err error, ok bool) {
		if len(all) == 0 {
			return v, nil, false
		}
		v, all = all[0], all[1:]
		return v, nil, true
	}
}

func bare(all []stored) []leaf {
	leaves := make([]leaf, len(all))
	for i, s := range all {
		leaves[i] = s.leaf
	}
	return leaves
}

// Each difference is named by what was done, and nothing else is. "…" stands for more events
// than are searched, the same in both.
func TestADifferenceIsNamedByWhatWasDone(t *testing.T) {
	changed, forged, removed, moved := string(proof.Changed), string(proof.Forged), string(proof.Removed), string(proof.Reordered)
	for what, c := range map[string]struct {
		tree, log string
		want      []string
	}{
		"nothing":                           {"abc", "abc", nil},
		"an event behind the tree":          {"abc", "abcd", nil},
		"a forged event behind the tree":    {"abc", "abcd!", []string{forged + " d"}},
		"changed":                           {"abc", "aBc", []string{changed + " b"}},
		"changed with a wrong MAC":          {"abc", "aB!c", []string{changed + " b"}},
		"a wrong MAC alone":                 {"abc", "ab!c", []string{forged + " b"}},
		"removed at the beginning":          {"abc", "bc", []string{removed + " a"}},
		"removed at the end":                {"abc", "ab", []string{removed + " c"}},
		"all removed":                       {"ab", "", []string{removed + " a", removed + " b"}},
		"written between":                   {"abc", "axbc", []string{forged + " x"}},
		"written between, with a wrong MAC": {"abc", "ax!bc", []string{forged + " x"}},
		"one in the place of another":       {"abc", "axc", []string{forged + " x", removed + " b"}},
		"moved to the end":                  {"abcd", "bcda", []string{moved + " a"}},
		"moved to the beginning":            {"abcd", "dabc", []string{moved + " d"}},
		"two that changed places":           {"abcd", "acbd", []string{moved + " b"}},
		"moved and changed":                 {"abcd", "bcdA", []string{changed + " a", moved + " a"}},
		"moved far to the end":              {"a…b", "…ba", []string{moved + " a"}},
		"moved far to the beginning":        {"a…b", "ba…", []string{moved + " b"}},
		"moved far and changed":             {"a…b", "Ba…", []string{changed + " b", moved + " b"}},
		"moved far, with events before it":  {"a…bc", "ba…c", []string{moved + " b"}},
		"moved behind what the tree covers": {"a…b", "…bxa", []string{moved + " a"}},
		"removed and written, far apart":    {"a…b", "…xb", []string{forged + " x", removed + " a"}},
	} {
		t.Run(what, func(t *testing.T) {
			if got := found(t, bare(expand(c.tree)), expand(c.log)); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}

func expand(text string) []stored {
	before, after, far := strings.Cut(text, "…")
	all := leavesOf(before)
	for i := 0; far && i < 2*searchAhead; i++ {
		all = append(all, stored{leaf: leaf{ref: domain.EventRef{Stream: "between", Revision: uint64(i)}}})
	}
	return append(all, leavesOf(after)...)
}

func TestADifferenceEndsWithTheErrorOfTheLogOrTheTree(t *testing.T) {
	broken := errors.New("broken")
	breaks := func() (v stored, err error, ok bool) { return v, broken, false }
	for _, d := range []*difference{
		{log: source[stored]{next: breaks}, tree: source[leaf]{next: from([]leaf{})}},
		{log: source[stored]{next: from([]stored{})}, tree: source[leaf]{next: func() (v leaf, err error, ok bool) { return v, broken, false }}},
	} {
		d.report = &Report{}
		if err := d.run(); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	}
}
