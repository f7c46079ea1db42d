package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
	"tizilim/projections"
)

func (s *Server) getOwnAccesses() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-my-accesses", Method: http.MethodGet, Path: "/v1/me/accesses", Tag: accountTag,
		Of:      operation.OfCaller,
		Summary: "Who read your data, when and why",
		Doc: "What you read of your own data is not listed. If records of yours were merged, the looks at all of them " +
			"are listed.",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Rows:     table.Of[AccessLine]("accesses"),
		Shows:    operation.ShowsPersons(),
		Class:    operation.ClassRead,
	}, s.myAccesses)
}

type accessesInput struct {
	Cursor string `query:"cursor" maxLength:"400" pattern:"^([0-9]+(-[0-9]+)+)?$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Wording
}

// AccessLine is a read of personal data, as the access log has it.
type AccessLine struct {
	ReadAt    time.Time              `json:"read_at"`
	Reader    string                 `json:"reader" doc:"The account that read; for a citizen the person id"`
	Role      domain.Role            `json:"role"`
	Operation string                 `json:"operation" doc:"The operation id in /openapi.json; state-systems-lookup means a look-up in other state information systems"`
	Text      string                 `json:"text,omitempty" doc:"What was done, in the language that was asked for; left out for the trial of a command" example:"істі қарау"`
	Scope     []housing.ConsentScope `json:"scope,omitempty" doc:"The kinds of data that were looked up; only for a look-up"`
	Purpose   accesslog.Purpose      `json:"purpose"`
	CaseID    domain.CaseID          `json:"case_id,omitzero" format:"uuid" doc:"The case that the read belonged to"`
}

type accessesBody struct {
	Accesses []AccessLine `json:"accesses" doc:"Who was shown your data, the latest first, as the log holds it"`
	Next     string       `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page. A page can have fewer accesses than the limit and a next one"`
}

type accessesOutput struct{ Body accessesBody }

// access is an entry of the access log of one person, at its place in the log: their own, or
// for the time being only where a page that showed them is.
type access struct {
	at   domain.Position
	self domain.PersonID // the record of the person that was looked at
	own  *domain.Recorded
	page projections.Pointer
}

// myAccesses are those of the citizen.
func (s *Server) myAccesses(ctx context.Context, in *accessesInput) (*accessesOutput, error) {
	found, err := s.accessesOf(ctx, operation.Citizen(ctx), in.Cursor, newest, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &accessesOutput{accessesBody{Accesses: []AccessLine{}, Next: found.next}}
	for _, e := range found.reads {
		out.Body.Accesses = append(out.Body.Accesses, accessOf(e, in.language()))
	}
	return out, nil
}

func accessOf(e accesslog.PersonalDataRead, l domain.Language) AccessLine {
	return AccessLine{
		e.ReadAt.In(domain.Zone), e.Reader, e.Role, e.Operation, operationText(e.Operation, l),
		as[housing.ConsentScope](e.Scope), e.Purpose, e.CaseID,
	}
}

// accessesFound are some of the reads of a person's data.
type accessesFound struct {
	at    []access
	reads []accesslog.PersonalDataRead // of each
	next  string                       // the cursor behind them; "" where nothing follows
}

// accessesOf reads the access log of each record of the person from the end that comes first, and what
// pages showed them from the pointers of the model. It waits for the model after the log, so that no page is
// missing between two entries of the log.
func (s *Server) accessesOf(
	ctx context.Context, id domain.PersonID, cursor string, by order, limit int,
) (found accessesFound, err error) {
	from, err := parseAccessCursor(cursor)
	if err != nil {
		return found, err
	}
	selves, err := s.model.Selves(ctx, id)
	if err != nil {
		return found, err
	}
	var all []access
	reached := make([]uint64, len(selves)) // the revision of each log behind which the next page goes on
	for i, self := range selves {
		var own []domain.Recorded
		if by == newest {
			own, err = s.events.ReadBack(ctx, accesslog.Stream(self), from.revision(i), limit+1)
			if len(own) > 0 {
				reached[i] = own[0].Revision + 1
			}
		} else {
			if r := from.revision(i); r != nil {
				reached[i] = *r
			}
			own, err = s.events.ReadPage(ctx, accesslog.Stream(self), reached[i], limit+1)
		}
		if err != nil {
			return found, err
		}
		for _, rec := range own {
			all = append(all, access{at: rec.Position, self: self, own: &rec})
		}
	}
	if err := s.watch.CatchUp(ctx); err != nil {
		return found, err
	}
	for _, self := range selves {
		pages, err := s.model.PagesShowing(ctx, self, projections.HistoryFrom{
			Cursor: from.position, Newest: by == newest, Limit: limit + 1,
		})
		if err != nil {
			return found, err
		}
		for _, p := range pages.Pointers {
			all = append(all, access{at: p.Position, self: self, page: p})
		}
	}
	slices.SortFunc(all, func(a, b access) int {
		if by == newest {
			a, b = b, a
		}
		return cmp.Compare(a.at, b.at)
	})
	if n := fits(all, limit); n < len(all) {
		all = all[:n]
		found.next = cursorBehind(all, selves, reached, by)
	}
	found.at = all
	found.reads, err = s.readsOf(ctx, all)
	return found, err
}

// maxPages is how many pages one answer reads from the log. A [accesslog.PageRead] is read
// whole, with everybody whom it names, for the one who asks: some 50 KB for a page of 500,
// and ten times that at most.
const maxPages = 50

// fits returns how many of the accesses one answer shows.
func fits(all []access, limit int) int {
	pages := 0
	for i, a := range all[:min(len(all), limit)] {
		if a.own != nil {
			continue
		}
		if pages++; pages > maxPages {
			return i
		}
	}
	return min(len(all), limit)
}

// readsOf returns the reads of the person's data, and reads those of pages from the log, a
// few at a time: of each it keeps only what it says of the person.
func (s *Server) readsOf(ctx context.Context, all []access) (reads []accesslog.PersonalDataRead, err error) {
	var pointers []projections.Pointer
	var selves []domain.PersonID
	for _, a := range all {
		if a.own == nil {
			pointers, selves = append(pointers, a.page), append(selves, a.self)
		}
	}
	onPages := make([]accesslog.PersonalDataRead, 0, len(pointers))
	for some := range slices.Chunk(pointers, historyReads) {
		pages, err := s.resolve(ctx, some)
		if err != nil {
			return nil, err
		}
		for i, rec := range pages {
			page, _ := rec.Event.(accesslog.PageRead)
			e, ok := page.Of(selves[len(onPages)])
			if !ok {
				return nil, fmt.Errorf("the read model says that %s shows a person, and the log says otherwise", some[i].EventRef)
			}
			onPages = append(onPages, e)
		}
	}
	for _, a := range all {
		if a.own == nil {
			reads, onPages = append(reads, onPages[0]), onPages[1:]
		} else if e, ok := a.own.Event.(accesslog.PersonalDataRead); ok {
			reads = append(reads, e)
		}
	}
	return reads, nil
}

// accessCursor is where a page of accesses begins.
type accessCursor struct {
	revisions []uint64        // before which the log of each record goes on
	position  domain.Position // before which the pages that showed them go on; 0: at the last
}

// revision before which the i-th log goes on; nil: at its end.
func (c accessCursor) revision(i int) *uint64 {
	if i >= len(c.revisions) {
		return nil
	}
	return &c.revisions[i]
}

// cursorBehind is the cursor of the page behind the entries, of which there is one at least.
// reached is where the page has begun to read each log.
func cursorBehind(all []access, selves []domain.PersonID, reached []uint64, by order) string {
	for _, a := range all {
		if a.own == nil {
			continue
		}
		i := slices.Index(selves, a.self)
		if reached[i] = a.own.Revision; by != newest {
			reached[i]++
		}
	}
	cursor := strconv.FormatUint(uint64(all[len(all)-1].at), 10)
	for _, revision := range reached {
		cursor += "-" + strconv.FormatUint(revision, 10)
	}
	return cursor
}

func parseAccessCursor(text string) (c accessCursor, err error) {
	if text == "" {
		return c, nil
	}
	for i, part := range strings.Split(text, "-") {
		n, err := strconv.ParseUint(part, 10, 63)
		switch {
		case err != nil:
			return c, domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"send the cursor back unchanged, or leave it out to begin anew").At("query.cursor")
		case i == 0:
			c.position = domain.Position(n)
		default:
			c.revisions = append(c.revisions, n)
		}
	}
	return c, nil
}
