// Package security writes what a monitor of attacks (SIEM) wants to see of the API: who was
// refused what and from where, who sends codes and passwords, and who looks many persons
// up. It is apart from the access log, which is for the persons themselves and is part of
// the registry. It holds no personal value: accounts and person ids are opaque.
package security

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"tizilim/domain"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

const (
	// linesEach and linesAtOnce bound the lines per second, so that an attack does not fill
	// the disk. The metric counts on.
	linesEach   = 200
	linesAtOnce = 2000

	// ManyPersons is how many persons an account may be shown in an hour before that is
	// told.
	ManyPersons = 1000
	// maxAccounts bounds the accounts whose look-ups are counted: some 30 KB for each.
	maxAccounts = 512
)

// Actions of events.
const (
	TokenRefused    = "token_refused"    // no token, or one that is not accepted
	RoleRefused     = "role_refused"     // the token may not do this
	RecordRefused   = "record_refused"   // no such record, or one of somebody else
	RequestsLimited = "requests_limited" // too many requests
	SearchFailed    = "search_failed"    // a search that found nobody
	CheckFailed     = "check_failed"     // a document's code that is not known
	PasswordSent    = "password_sent"    // a one-time password was asked for
	PasswordRefused = "password_refused" // a one-time password that is wrong, used, late or locked
	ContactChanged  = "contact_changed"  // where messages of a person go
	ManyLookups     = "many_lookups"     // an account was shown more than [ManyPersons] in an hour
)

// Log is the security log. It is an [operation.Witness].
type Log struct {
	to     *slog.Logger
	now    func() time.Time
	lines  *rate.Limiter
	events *prometheus.CounterVec
	shown  *prometheus.CounterVec
	cut    prometheus.Counter

	mu       sync.Mutex // guards what is below
	hour     time.Time
	accounts *lru.Cache[string, map[uint64]struct{}] // the persons that each was shown in this hour
	over     map[string]bool                         // accounts that were shown more than ManyPersons
}

// New returns a log that writes lines of JSON, each in one call. A line that w does not take is
// lost, and the next one begins on a line of its own.
func New(w io.Writer, r prometheus.Registerer, now func() time.Time) *Log {
	accounts, err := lru.New[string, map[uint64]struct{}](maxAccounts)
	if err != nil {
		panic(err) // the size is not positive
	}
	to := &lines{to: w, lost: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tizilim_security_lines_lost_total", Help: "Lines of the security log that could not be written.",
	})}
	l := &Log{
		to: slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{ReplaceAttr: named})), now: now,
		lines: rate.NewLimiter(linesEach, linesAtOnce), accounts: accounts, over: map[string]bool{},
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tizilim_security_events_total", Help: "Events of the security log, also those without a line.",
		}, []string{"event", "outcome"}),
		shown: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tizilim_persons_shown_total", Help: "Persons whom answers showed to staff, by role.",
		}, []string{"role"}),
		cut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tizilim_security_lines_cut_total", Help: "Events without a line, because there were too many.",
		}),
	}
	r.MustRegister(l.events, l.shown, l.cut, to.lost, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tizilim_accounts_with_many_lookups",
		Help: "Accounts of staff that were shown more than 1000 persons in this hour.",
	}, func() float64 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.turn()
		return float64(len(l.over))
	}))
	return l
}

// named gives the members of a line that every line has their names in the Elastic Common
// Schema.
func named(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey:
		a.Key = "@timestamp"
	case slog.LevelKey:
		a.Key = "log.level"
	case slog.MessageKey:
		a.Key = "event.action"
	}
	return a
}

// actionOf names what a request was; "" where the log says nothing of it.
func actionOf(s operation.Seen) string {
	switch s.Code {
	case domain.CodePasswordWrong, domain.CodePasswordUsed, domain.CodePasswordExpired, domain.CodePasswordLocked,
		domain.CodePasswordSuperseded:
		return PasswordRefused
	}
	switch {
	case s.Code == domain.CodeNotIdentified:
		return SearchFailed
	case s.Status == http.StatusUnauthorized:
		return TokenRefused
	case s.Status == http.StatusForbidden:
		return RoleRefused
	case s.Status == http.StatusTooManyRequests:
		return RequestsLimited
	case s.Status == http.StatusNotFound && s.Class == operation.ClassSearch:
		return SearchFailed
	case s.Status == http.StatusNotFound && s.Class == operation.ClassCheck:
		return CheckFailed
	case s.Status == http.StatusNotFound:
		return RecordRefused
	case s.Status < http.StatusBadRequest && s.Class == operation.ClassPassword:
		return PasswordSent
	case s.Status < http.StatusBadRequest && s.Class == operation.ClassContact && s.Changes:
		return ContactChanged
	}
	return ""
}

// Request writes a line of a request that a monitor wants to see.
func (l *Log) Request(s operation.Seen) {
	action := actionOf(s)
	if action == "" {
		return
	}
	outcome := "success"
	if s.Status >= http.StatusBadRequest {
		outcome = "failure"
	}
	l.write(action, outcome, s.Caller,
		slog.String("source.ip", s.Address), slog.String("tizilim.operation", s.Operation),
		slog.String("http.request.method", s.Method), slog.String("http.route", s.Path),
		slog.Int("http.response.status_code", s.Status), slog.String("error.code", string(s.Code)))
}

func (l *Log) write(action, outcome string, who token.Principal, more ...slog.Attr) {
	l.events.WithLabelValues(action, outcome).Inc()
	if !l.lines.AllowN(l.now(), 1) {
		l.cut.Inc()
		return
	}
	level := slog.LevelInfo
	if outcome == "failure" {
		level = slog.LevelWarn
	}
	l.to.LogAttrs(context.Background(), level, action, append([]slog.Attr{
		slog.String("event.kind", "event"), slog.String("event.outcome", outcome),
		slog.String("service.name", "tizilim"), slog.String("user.id", who.Account),
		slog.String("user.roles", string(who.Role)),
	}, more...)...)
}

// Shown counts whom staff were shown.
func (l *Log) Shown(who token.Principal, persons []domain.PersonID) {
	l.shown.WithLabelValues(string(who.Role)).Add(float64(len(persons)))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	if l.over[who.Account] {
		return
	}
	seen, ok := l.accounts.Get(who.Account)
	if !ok {
		seen = map[uint64]struct{}{}
		l.accounts.Add(who.Account, seen)
	}
	for _, p := range persons {
		var key uint64
		for _, b := range p.UUID[:8] {
			key = key<<8 | uint64(b)
		}
		seen[key] = struct{}{}
	}
	if len(seen) > ManyPersons {
		l.over[who.Account] = true
		l.accounts.Remove(who.Account)
		l.write(ManyLookups, "unknown", who, slog.Int("tizilim.persons", len(seen)))
	}
}

// turn begins to count anew with each hour.
func (l *Log) turn() {
	if hour := l.now().Truncate(time.Hour); !hour.Equal(l.hour) {
		l.hour = hour
		l.accounts.Purge()
		clear(l.over)
	}
}
