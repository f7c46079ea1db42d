package housing

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/btree"

	"tizilim/domain"
)

// Applications are filed when the registry receives them. So their instants follow the
// order in which the log holds them, unless a clock was wrong. The order of the log is then
// the right one: a log cannot be put back. A list sees to it that the instants of its
// entries never contradict the log (Q6).

// clockTolerance is by how much an instant is moved without a word. Clocks that are set over
// the network differ by less, and so do the clocks of processes that are relied on.
const clockTolerance = time.Minute

// OrderBasis is which order holds for an application whose instant contradicts the log.
type OrderBasis string

const (
	OrderOfLog      OrderBasis = "log"      // the order in which the log received the applications
	OrderOfInstants OrderBasis = "instants" // that of the instants that the clocks showed
)

// OrderBases lists them all.
var OrderBases = []OrderBasis{OrderOfLog, OrderOfInstants}

// OrderStatement is the word of who decides about an application whose instant contradicts
// the log: which order holds, and why. The zero value says nothing.
type OrderStatement struct {
	Holds   OrderBasis      `json:"holds"`
	Reasons domain.Personal `json:"reasons"`
	Filed   time.Time       `json:"filed_at"` // what the clock showed when the application was complete
}

// IsZero reports whether nothing is said.
func (s OrderStatement) IsZero() bool { return s == OrderStatement{} }

func (s OrderStatement) LogValue() slog.Value { return domain.Masked(s) }

// filing is when and where in the log the application of an entry became complete.
type filing struct {
	at       time.Time
	position domain.Position
}

func newFilings() *btree.BTreeG[filing] {
	return btree.NewBTreeGOptions(
		func(a, b filing) bool { return a.position < b.position },
		btree.Options{Degree: 16, NoLocks: true},
	)
}

// inOrder returns the seniority with the instant nearest to its own that does not contradict
// the log: not before that of an entry whose application the log had earlier, and not after
// that of one whose application it had later. Entries that have left the list count too,
// since they may come back.
func (l *List) inOrder(s Seniority) Seniority {
	if l.filings == nil {
		return s
	}
	var before, after filing
	l.filings.Descend(filing{position: s.Position}, func(f filing) bool {
		if f.position == s.Position {
			return true
		}
		before = f
		return false
	})
	l.filings.Ascend(filing{position: s.Position}, func(f filing) bool {
		if f.position == s.Position {
			return true
		}
		after = f
		return false
	})
	if !before.at.IsZero() && s.At.Before(before.at) {
		s.At = before.at
	}
	if !after.at.IsZero() && after.at.Before(s.At) {
		s.At = after.at
	}
	return s
}

// contradicted reports whether the instant contradicts the log by more than clocks may differ.
func (l *List) contradicted(s Seniority) bool {
	return l.inOrder(s).At.Sub(s.At).Abs() > clockTolerance
}

// settleOrder returns the seniority of an application that became complete at s. Where its
// instant contradicts the log by more than a minute, the statement decides.
func (l *List) settleOrder(s Seniority, st OrderStatement) (Seniority, OrderStatement, error) {
	if !l.contradicted(s) {
		if !st.IsZero() {
			return s, st, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"the instant of this application does not contradict the log; leave the order out").At("order")
		}
		return l.inOrder(s), st, nil
	}
	if st.IsZero() {
		return s, st, l.contradiction(s)
	}
	if !slices.Contains(OrderBases, st.Holds) {
		return s, st, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the order that holds is one of %v", OrderBases).At("order.holds")
	}
	if strings.TrimSpace(string(st.Reasons)) == "" {
		return s, st, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"say why this order holds").At("order.reasons")
	}
	st.Filed = s.At
	if st.Holds == OrderOfLog {
		s = l.inOrder(s)
	}
	return s, st, nil
}

// contradiction is the refusal of an instant that contradicts the log.
func (l *List) contradiction(s Seniority) *domain.Error {
	form := func(t time.Time) string { return t.In(domain.Zone).Format(time.DateTime) }
	return domain.Refuse(domain.Conflict, domain.CodeOrderContradicted,
		"the clock showed %s when this application was complete, and by the order of the log it was %s: a clock was "+
			"wrong; look at the applications, and say in order which order holds and why",
		form(s.At), form(l.inOrder(s).At)).At("order")
}
