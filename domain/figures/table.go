package figures

import (
	"maps"
	"slices"
	"strconv"

	"tizilim/domain"
)

// Row is a figure as a line of a table.
type Row struct {
	Of     string // a service, lists, complaints, duties
	Figure string
	By     string // the ground, reason or outcome; "" for the whole
	Value  string
}

// Table returns the figures as lines, in an order that does not change.
func (f Figures) Table() (rows []Row) {
	count := func(of, figure string, n int) { rows = append(rows, Row{of, figure, "", strconv.Itoa(n)}) }
	days := func(of string, n float64) {
		rows = append(rows, Row{of, "average_days", "", strconv.FormatFloat(n, 'f', 2, 64)})
	}
	for _, service := range domain.Services {
		s, of := f.Services[service], string(service)
		count(of, "received", s.Received)
		count(of, "decided", s.Decided)
		count(of, "decided_in_time", s.InTime)
		count(of, "decided_late", s.Late)
		count(of, "granted", s.Granted)
		count(of, "refused", s.Refused)
		rows = append(rows, by(of, "refused", s.RefusedBy)...)
		count(of, "withdrawn", s.Withdrawn)
		count(of, "returned", s.Returned)
		count(of, "forwarded", s.Forwarded)
		count(of, "terminated", s.Ended)
		count(of, "open_at_the_end", s.Open)
		days(of, s.AverageDays)
	}
	const lists, complaints = "lists", "complaints"
	count(lists, "placed", f.Lists.Placed)
	count(lists, "removed", f.Lists.Removed)
	rows = append(rows, by(lists, "removed", f.Lists.RemovedBy)...)
	count(lists, "reinstated", f.Lists.Reinstated)
	count(lists, "left", f.Lists.Left)
	count(lists, "provided", f.Lists.Provided)
	count(lists, "declined", f.Lists.Declined)
	days(lists, f.Lists.AverageDays)
	count(complaints, "filed", f.Complaints.Filed)
	count(complaints, "decided", f.Complaints.Decided)
	rows = append(rows, by(complaints, "decided", f.Complaints.By)...)
	count(complaints, "withdrawn", f.Complaints.Withdrawn)
	count(complaints, "court_acts", f.Complaints.CourtActs)
	count(complaints, "open_at_the_end", f.Complaints.Open)
	days(complaints, f.Complaints.AverageDays)
	return append(rows, by("duties", "missed", f.DutiesMissed)...)
}

func by[K ~string](of, figure string, counts map[K]int) (rows []Row) {
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		rows = append(rows, Row{of, figure, string(key), strconv.Itoa(counts[key])})
	}
	return rows
}
