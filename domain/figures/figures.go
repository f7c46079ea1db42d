// Package figures counts what the registry did in a period, for the report of the Ministry. It is a fold of
// the log in its order, from the beginning to the end of the period. In memory it has what it counts, and a
// few words for each case and complaint that is open.
//
// A fact counts on the day on which it happened ([domain.Event.EffectiveAt]), in [domain.Zone]. What was
// imported happened in another register and does not count.
package figures

import (
	"math"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// Figures of a period.
type Figures struct {
	From domain.Date `json:"from"`
	To   domain.Date `json:"to"` // the last day

	Services   map[domain.Service]*Service `json:"services"`
	Lists      Lists                       `json:"lists"`
	Complaints Complaints                  `json:"complaints"`
	// DutiesMissed are what bodies owed beside a decision and did not do in time.
	DutiesMissed map[procedure.Duty]int `json:"duties_missed"`
}

// Service is what became of the applications for a service.
type Service struct {
	Received  int `json:"received"`
	Decided   int `json:"decided"` // each decision counts, also one that follows a complaint
	InTime    int `json:"decided_in_time"`
	Late      int `json:"decided_late"`
	Granted   int `json:"granted"`
	Refused   int `json:"refused"`
	Withdrawn int `json:"withdrawn"`
	Returned  int `json:"returned"` // not corrected in time
	Forwarded int `json:"forwarded"`
	Ended     int `json:"terminated"`
	Open      int `json:"open_at_the_end"` // not decided on the last day

	// RefusedBy counts refusals by ground; of deregistrations each person who was refused, by code.
	RefusedBy   map[string]int `json:"refused_by"`
	AverageDays float64        `json:"average_days"` // from the receipt, or the reopening, to the decision

	days measure
}

// Lists is what happened on the lists for service housing.
type Lists struct {
	Placed      int                           `json:"placed"`
	Removed     int                           `json:"removed"`
	RemovedBy   map[housing.RemovalReason]int `json:"removed_by"`
	Reinstated  int                           `json:"reinstated"`
	Left        int                           `json:"left"` // by own wish
	Provided    int                           `json:"provided"`
	Declined    int                           `json:"declined"`     // offered dwellings
	AverageDays float64                       `json:"average_days"` // from the seniority to the dwelling that was provided

	days measure
}

// Complaints are those about acts of bodies, of both services.
type Complaints struct {
	Filed       int                                `json:"filed"`
	Decided     int                                `json:"decided"`
	By          map[procedure.ComplaintOutcome]int `json:"decided_by"`
	Withdrawn   int                                `json:"withdrawn"`
	CourtActs   int                                `json:"court_acts"`
	Open        int                                `json:"open_at_the_end"`
	AverageDays float64                            `json:"average_days"` // from the filing to the decision

	days measure
}

// measure is a sum of which an average is made.
type measure struct {
	sum time.Duration
	n   int
}

func (m *measure) add(from, to time.Time) {
	m.sum += to.Sub(from)
	m.n++
}

// average is in days, to the hundredth; 0 where nothing was measured.
func (m measure) average() float64 {
	if m.n == 0 {
		return 0
	}
	return math.Round(m.sum.Hours()/24/float64(m.n)*100) / 100
}

// Count counts the figures of a period. [NewCount] makes one.
type Count struct {
	f          Figures
	open       map[domain.CaseID]openCase
	complaints map[domain.CaseID]time.Time // when the open complaint of the case was filed
}

// openCase is a case without a decision.
type openCase struct {
	service domain.Service
	since   time.Time
	late    bool // its term has passed
}

// NewCount returns a Count from the first to the last day of a period. Error: [domain.CodeUntilBeforeFrom].
func NewCount(from, to domain.Date) (*Count, error) {
	if to.Before(from) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeUntilBeforeFrom, "the last day is not before the first").At("to")
	}
	c := &Count{
		f: Figures{
			From: from, To: to, Services: map[domain.Service]*Service{}, DutiesMissed: map[procedure.Duty]int{},
			Lists:      Lists{RemovedBy: map[housing.RemovalReason]int{}},
			Complaints: Complaints{By: map[procedure.ComplaintOutcome]int{}},
		},
		open: map[domain.CaseID]openCase{}, complaints: map[domain.CaseID]time.Time{},
	}
	for _, s := range domain.Services {
		c.f.Services[s] = &Service{RefusedBy: map[string]int{}}
	}
	return c, nil
}

// Figures returns what was counted so far.
func (c *Count) Figures() Figures {
	f := c.f
	for _, s := range f.Services {
		s.Open, s.AverageDays = 0, s.days.average()
	}
	for _, o := range c.open {
		f.Services[o.service].Open++
	}
	f.Lists.AverageDays = f.Lists.days.average()
	f.Complaints.Open, f.Complaints.AverageDays = len(c.complaints), f.Complaints.days.average()
	return f
}

// Apply counts the next event of the log.
func (c *Count) Apply(rec domain.Recorded) {
	if rec.Meta.Imported != nil || rec.Event == nil {
		return
	}
	at := rec.Event.EffectiveAt()
	day := domain.DateOf(at)
	if c.f.To.Before(day) {
		return
	}
	counts := 0 // 1 within the period
	if !day.Before(c.f.From) {
		counts = 1
	}
	c.cases(rec.Event, at, counts)
	c.contested(rec.Event, at, counts)
	c.onLists(rec.Event, at, counts)
	if e, ok := rec.Event.(procedure.DutyMissed); ok && counts > 0 {
		c.f.DutiesMissed[e.Duty]++
	}
}

func (c *Count) cases(event domain.Event, at time.Time, counts int) {
	switch e := event.(type) {
	case housing.ApplicationReceived:
		c.receive(domain.S000, e.CaseID, at, counts)
	case residence.DeregistrationApplied:
		c.receive(domain.S001, e.CaseID, at, counts)
	case procedure.DeadlinePassed:
		c.mark(e.CaseID, true)
	case procedure.TermExtended:
		c.mark(e.CaseID, false)
	case procedure.CorrectionReceived: // the term runs anew
		c.mark(e.CaseID, false)
	case procedure.StepAnnulled:
		if e.Step == (procedure.DeadlinePassed{}).EventType() {
			c.mark(e.CaseID, false)
		}
	case housing.PlacementCertified:
		c.decide(domain.S000, e.CaseID, at, counts).Granted += counts
	case housing.ApplicationRefused:
		s := c.decide(domain.S000, e.CaseID, at, counts)
		s.Refused += counts
		add(s.RefusedBy, string(e.Ground), counts)
	case residence.DeregistrationDecided:
		s := c.decide(domain.S001, e.CaseID, at, counts)
		if e.MovesTo() == procedure.Granted {
			s.Granted += counts
		} else {
			s.Refused += counts
		}
		for _, r := range e.Results {
			if !r.Granted() {
				add(s.RefusedBy, string(r.Code), counts)
			}
		}
	case procedure.CaseWithdrawn:
		c.end(e.CaseID, counts, func(s *Service) *int { return &s.Withdrawn })
	case procedure.CaseReturned:
		c.end(e.CaseID, counts, func(s *Service) *int { return &s.Returned })
	case procedure.CaseForwarded:
		c.end(e.CaseID, counts, func(s *Service) *int { return &s.Forwarded })
	case procedure.CaseTerminated:
		c.end(e.CaseID, counts, func(s *Service) *int { return &s.Ended })
	}
}

func add[K comparable](m map[K]int, key K, n int) {
	if n > 0 {
		m[key] += n
	}
}

func (c *Count) receive(s domain.Service, id domain.CaseID, at time.Time, counts int) {
	c.open[id] = openCase{service: s, since: at}
	c.f.Services[s].Received += counts
}

func (c *Count) mark(id domain.CaseID, late bool) {
	if o, ok := c.open[id]; ok {
		o.late = late
		c.open[id] = o
	}
}

func (c *Count) decide(service domain.Service, id domain.CaseID, at time.Time, counts int) *Service {
	s := c.f.Services[service]
	o, ok := c.open[id]
	delete(c.open, id)
	s.Decided += counts
	if o.late {
		s.Late += counts
	} else {
		s.InTime += counts
	}
	if ok && counts > 0 {
		s.days.add(o.since, at)
	}
	return s
}

// end ends an open case without a decision. A review of an entry is no application.
func (c *Count) end(id domain.CaseID, counts int, how func(*Service) *int) {
	if o, ok := c.open[id]; ok {
		delete(c.open, id)
		*how(c.f.Services[o.service]) += counts
	}
}

func (c *Count) contested(event domain.Event, at time.Time, counts int) {
	all := &c.f.Complaints
	switch e := event.(type) {
	case procedure.ComplaintFiled:
		c.complaints[e.CaseID] = at
		all.Filed += counts
	case procedure.ComplaintWithdrawn:
		delete(c.complaints, e.CaseID)
		all.Withdrawn += counts
	case procedure.ComplaintDecided:
		if filed, ok := c.complaints[e.CaseID]; ok && counts > 0 {
			all.days.add(filed, at)
		}
		delete(c.complaints, e.CaseID)
		all.Decided += counts
		add(all.By, e.Outcome, counts)
		c.reopen(e.CaseID, e.Deadline, at)
	case procedure.CourtActRecorded:
		delete(c.complaints, e.CaseID)
		all.CourtActs += counts
		c.reopen(e.CaseID, e.Deadline, e.RecordedAt)
	}
}

// reopen opens a case again whose decision no longer stands. Only a placement is decided anew.
func (c *Count) reopen(id domain.CaseID, deadline, at time.Time) {
	if !deadline.IsZero() {
		c.open[id] = openCase{service: domain.S000, since: at}
	}
}

func (c *Count) onLists(event domain.Event, at time.Time, counts int) {
	l := &c.f.Lists
	switch e := event.(type) {
	case housing.EntryPlaced:
		l.Placed += counts
	case housing.EntryRemoved:
		l.Removed += counts
		add(l.RemovedBy, e.Reason, counts)
	case housing.EntryReinstated:
		l.Reinstated += counts
	case housing.EntryLeft:
		l.Left += counts
	case housing.DwellingDeclined:
		l.Declined += counts
	case housing.EntryProvided:
		l.Provided += counts
		if counts > 0 {
			l.days.add(e.Seniority.At, at)
		}
	}
}
