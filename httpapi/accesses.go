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
		Rows:     table.Of[accessBody]("accesses"),
		Shows:    operation.ShowsPersons(),
		Class:    operation.ClassRead,
	}, s.myAccesses)
}

type accessesInput struct {
	Cursor string `query:"cursor" maxLength:"400" pattern:"^([0-9]+(-[0-9]+)+)?$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Wording
}

type accessBody struct {
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
	Accesses []accessBody `json:"accesses" doc:"Who was shown your data, the latest first, as the log holds it"`
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

// myAccesses reads the access log of each record of the person from its end, and what pages showed
// them from the pointers of the model. It waits for the model after the log, so that no page is
// missing between two entries of the log.
func (s *Server) myAccesses(ctx context.Context, in *accessesInput) (*accessesOutput, error) {
	before, err := parseAccessCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	selves, err := s.model.Selves(ctx, operation.Citizen(ctx))
	if err != nil {
		return nil, err
	}
	var all []access
	newest := make([]uint64, len(selves)) // the revision behind what is read of each log
	for i, self := range selves {
		own, err := s.events.ReadBack(ctx, accesslog.Stream(self), before.revision(i), in.Limit+1)
		if err != nil {
			return nil, err
		}
		if len(own) > 0 {
			newest[i] = own[0].Revision + 1
		}
		for _, rec := range own {
			all = append(all, access{at: rec.Position, self: self, own: &rec})
		}
	}
	if err := s.watch.CatchUp(ctx); err != nil {
		return nil, err
	}
	for _, self := range selves {
		pages, err := s.model.PagesShowing(ctx, self, before.position, in.Limit+1)
		if err != nil {
			return nil, err
		}
		for _, p := range pages {
			all = append(all, access{at: p.Position, self: self, page: p})
		}
	}
	slices.SortFunc(all, func(a, b access) int { return cmp.Compare(b.at, a.at) })
	out := &accessesOutput{accessesBody{Accesses: []accessBody{}}}
	if n := fits(all, in.Limit); n < len(all) {
		all = all[:n]
		out.Body.Next = cursorBehind(all, selves, newest)
	}
	reads, err := s.readsOf(ctx, all)
	for _, e := range reads {
		out.Body.Accesses = append(out.Body.Accesses, accessBody{
			e.ReadAt.In(domain.Zone), e.Reader, e.Role, e.Operation, operationText(e.Operation, in.language()), as[housing.ConsentScope](e.Scope), e.Purpose, e.CaseID,
		})
	}
	return out, err
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
// newest is where the page has begun to read each log: what came later belongs to a page before.
func cursorBehind(all []access, selves []domain.PersonID, newest []uint64) string {
	for _, a := range all {
		if a.own != nil {
			newest[slices.Index(selves, a.self)] = a.own.Revision
		}
	}
	cursor := strconv.FormatUint(uint64(all[len(all)-1].at), 10)
	for _, revision := range newest {
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
