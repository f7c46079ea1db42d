package command

import (
	"context"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

// terms are the numbers of the administrative procedure as the edition of
// November 2022 of the APPC has them, save where it says policy.
var terms = procedure.Terms{
	DecisionDays:      30, // S000-13
	HearingDays:       3,  // art. 73
	ObjectionDays:     2,  // art. 73
	ExtensionMonths:   2,  // art. 76
	NoticeDays:        3,  // arts 65, 70, 76
	ComplaintMonths:   3,  // art. 92
	ComplaintForward:  3,  // art. 91
	ComplaintDecision: 20, // art. 99
	CorrectionDays:    10, // policy: the "reasonable time" of art. 64
	Calendar:          weekdays{},
}

// weekdays counts Monday to Friday as working days and knows no holiday.
type weekdays struct{}

func (weekdays) NextWorkingDay(day domain.Date) (domain.Date, error) {
	for {
		switch day.Start().Weekday() {
		case time.Saturday, time.Sunday:
			day = day.AddDays(1)
		default:
			return day, nil
		}
	}
}

func (c weekdays) AddWorkingDays(day domain.Date, n int) (domain.Date, error) {
	for range n {
		day, _ = c.NextWorkingDay(day.AddDays(1)) // knows every year
	}
	return day, nil
}

// StepOnCase takes a step of the procedure on a case of either service: one
// append to its stream. decide gets the terms in force.
func (h *Handler) StepOnCase(ctx context.Context, cmd domain.Command, id domain.CaseID, decide func(*procedure.Case, procedure.Terms) ([]domain.Event, error), opt Options) (Receipt, error) {
	return execute(ctx, h, order[procedure.Case]{
		cmd: cmd, stream: id.Stream(), correlation: id.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(c *procedure.Case) ([]domain.Event, error) { return decide(c, terms) },
	})
}

// Case returns what the log holds of the procedure of the case now.
func (h *Handler) Case(ctx context.Context, id domain.CaseID) (procedure.Case, error) {
	return snapshot[procedure.Case](ctx, h, id.Stream())
}
