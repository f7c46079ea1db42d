package figures_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/figures"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

func id(name string) domain.CaseID { return domaintest.ID[domain.CaseID](name) }

func on(day string) time.Time { return domaintest.Day(day).Start() }

// years are the events of two applications and more in three years.
func years() []domain.Event {
	received := func(name, day string) domain.Event {
		return housing.ApplicationReceived{CaseID: id(name), ReceivedAt: on(day)}
	}
	certified := func(name, day string) domain.Event {
		return housing.PlacementCertified{CaseID: id(name), CertifiedAt: on(day)}
	}
	refused := func(name, day string, ground housing.RefusalGround) domain.Event {
		return housing.ApplicationRefused{CaseID: id(name), Ground: ground, RefusedAt: on(day)}
	}
	overdue := func(name, day string) domain.Event {
		return procedure.DeadlinePassed{CaseID: id(name), Deadline: on(day)}
	}
	return []domain.Event{
		received("before", "2024-12-20"), received("late", "2025-01-01"), certified("before", "2025-01-10"), // 21 days
		overdue("late", "2025-02-10"), refused("late", "2025-02-20", housing.NoConsent), // 50 days
		received("extended", "2025-03-01"), overdue("extended", "2025-04-01"),
		procedure.TermExtended{CaseID: id("extended"), ExtendedAt: on("2025-04-01")},
		refused("extended", "2025-04-04", housing.RequirementsNotMet), // 34 days
		procedure.ComplaintFiled{CaseID: id("extended"), FiledAt: on("2025-05-01")},
		procedure.ComplaintDecided{
			CaseID: id("extended"), Outcome: procedure.Annulled, DecidedAt: on("2025-05-11"), Deadline: on("2025-06-11"),
		}, // 10 days
		certified("extended", "2025-05-21"), // 10 days after the reopening
		received("clock", "2025-06-01"), overdue("clock", "2025-06-02"),
		procedure.StepAnnulled{CaseID: id("clock"), Step: procedure.DeadlinePassed{}.EventType(), AnnulledAt: on("2025-06-02")},
		certified("clock", "2025-06-06"), // 5 days
		received("withdrawn", "2025-06-01"), procedure.CaseWithdrawn{CaseID: id("withdrawn"), WithdrawnAt: on("2025-06-03")},
		received("returned", "2025-06-01"), procedure.CaseReturned{CaseID: id("returned"), ReturnedAt: on("2025-06-03")},
		received("open", "2025-12-31"), certified("open", "2026-01-02"), // after the year

		residence.DeregistrationApplied{CaseID: id("both"), ReceivedAt: on("2025-07-01")},
		residence.DeregistrationDecided{CaseID: id("both"), DecidedAt: on("2025-07-01"), Results: []residence.Result{
			{Ended: []domain.RegistrationID{{}}}, {Code: domain.CodeNotRegisteredHere},
		}},
		housing.EntryPlaced{PlacedAt: on("2025-01-10")},
		housing.EntryRemoved{Reason: housing.DwellingAcquired, RemovedAt: on("2025-08-01")},
		housing.EntryReinstated{ReinstatedAt: on("2025-08-02")},
		housing.EntryLeft{LeftAt: on("2025-08-03")},
		housing.EntryProvided{Seniority: housing.Seniority{At: on("2025-08-01")}, ProvidedAt: on("2025-08-11")},
		procedure.CaseWithdrawn{CaseID: id("a review"), WithdrawnAt: on("2025-08-03")}, // of no application
		procedure.DutyMissed{Duty: procedure.NoticeOfExtension, By: domaintest.Day("2025-04-07")},
		procedure.ComplaintFiled{CaseID: id("late"), FiledAt: on("2025-12-01")},
		procedure.ComplaintDecided{CaseID: id("late"), Outcome: procedure.Upheld, DecidedAt: on("2026-01-11")},
	}
}

func count(t *testing.T, from, to string, how func(*domain.Recorded)) figures.Figures {
	t.Helper()
	c, err := figures.NewCount(domaintest.Day(from), domaintest.Day(to))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range years() {
		rec := domaintest.Recorded(i, e)
		how(&rec)
		c.Apply(rec)
	}
	return c.Figures()
}

func asIs(*domain.Recorded) {}

func TestTheFiguresOfAYear(t *testing.T) {
	got, err := json.Marshal(count(t, "2025-01-01", "2025-12-31", asIs))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"from":"2025-01-01","to":"2025-12-31","services":{` +
		`"S000":{"received":6,"decided":5,"decided_in_time":4,"decided_late":1,"granted":3,"refused":2,"withdrawn":1,"returned":1,` +
		`"forwarded":0,"terminated":0,"open_at_the_end":1,"refused_by":{"no_consent":1,"requirements_not_met":1},"average_days":24},` +
		`"S001":{"received":1,"decided":1,"decided_in_time":1,"decided_late":0,"granted":1,"refused":0,"withdrawn":0,"returned":0,` +
		`"forwarded":0,"terminated":0,"open_at_the_end":0,"refused_by":{"not_registered_at_dwelling":1},"average_days":0}},` +
		`"lists":{"placed":1,"removed":1,"removed_by":{"dwelling_acquired":1},"reinstated":1,"left":1,"provided":1,"declined":0,` +
		`"average_days":10},"complaints":{"filed":2,"decided":1,"decided_by":{"act_annulled":1},"withdrawn":0,"court_acts":0,` +
		`"open_at_the_end":1,"average_days":10},"duties_missed":{"notice_of_extension":1}}`
	if string(got) != want {
		t.Errorf("the figures are\n%s\nwant\n%s", got, want)
	}
}

func TestThePeriodsOfAYearAddUp(t *testing.T) {
	sum := map[figures.Row]int{}
	add := func(sign int, f figures.Figures) {
		for _, r := range f.Table() {
			n := 0
			if _, err := fmt.Sscan(r.Value, &n); err != nil {
				t.Fatal(err)
			}
			if r.Value = ""; r.Figure != "open_at_the_end" && r.Figure != "average_days" {
				sum[r] += sign * n
			}
		}
	}
	add(1, count(t, "2025-01-01", "2025-12-31", asIs))
	add(-1, count(t, "2025-01-01", "2025-05-11", asIs))
	add(-1, count(t, "2025-05-12", "2025-12-31", asIs))
	for row, n := range sum {
		if n != 0 {
			t.Errorf("%+v of the parts differs by %d from that of the year", row, n)
		}
	}
	if len(sum) < 30 {
		t.Errorf("only %d figures were compared", len(sum))
	}
}

func TestWhatWasImportedIsNoActOfTheRegistry(t *testing.T) {
	f := count(t, "2025-01-01", "2025-12-31", func(rec *domain.Recorded) { rec.Meta.Imported = &domain.Imported{Source: "s"} })
	for _, r := range f.Table() {
		if r.Value != "0" && r.Value != "0.00" {
			t.Errorf("%+v", r)
		}
	}
}

func TestAPeriodThatEndsBeforeItBeginsIsRefused(t *testing.T) {
	if _, err := figures.NewCount(domaintest.Today(), domaintest.Today().AddDays(-1)); domain.CodeOf(err) != domain.CodeUntilBeforeFrom {
		t.Error(err)
	}
}
