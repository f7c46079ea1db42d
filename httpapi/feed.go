package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tizilim/domain"
	bodies "tizilim/domain/body"
	"tizilim/domain/feed"
	"tizilim/eventstore/command"
	"tizilim/httpapi/body"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/problem"
)

const (
	feedAddress = "/v1/feed"
	// feedEvery is how often an open stream of the feed looks at the log.
	feedEvery = time.Second
	// feedPart is how many facts a stream gives at once.
	feedPart = 100
	// feedsOpen and feedsEach bound the streams of the feed, in this process and of one account.
	feedsOpen, feedsEach = 64, 4
	// feedEnd asks for the place behind all facts that there are now.
	feedEnd = "latest"
)

func (s *Server) feedOperations() []operation.Operation {
	return []operation.Operation{
		s.getFeed(),
		s.getFeedChanges(),
	}
}

// Fact is a fact as a consumer is told it.
type factBody struct {
	ID         uuid.UUID         `json:"id" format:"uuid" doc:"Of this fact for ever, in every answer and webhook: take a fact whose id you have once"`
	Fact       toldFact          `json:"fact" doc:"What happened, or what became of an earlier fact"`
	Position   feed.Position     `json:"position" doc:"The place behind the fact: send it as after to go on. Positions are ordered as texts are"`
	PersonID   domain.PersonID   `json:"person_id" format:"uuid"`
	On         domain.Date       `json:"on" format:"date" doc:"The day from which it holds"`
	RecordedAt time.Time         `json:"recorded_at" format:"date-time" doc:"When the registry learned of it"`
	FormerID   string            `json:"former_id,omitempty" format:"uuid" doc:"Of corrected and annulled: the id of the earlier fact, whether you were told it or not"`
	SurvivorID domain.PersonID   `json:"survivor_id,omitzero" format:"uuid" doc:"Of merged: whose record stands for the person from now on"`
	ListID     domain.ListID     `json:"list_id,omitzero" format:"uuid"`
	EntryID    domain.EntryID    `json:"entry_id,omitzero" format:"uuid"`
	IIN        domain.IIN        `json:"iin,omitempty" doc:"This and the next are given where the allowance names them, as the registry has them now"`
	Name       domain.Personal   `json:"name,omitempty"`
	BirthDate  domain.Date       `json:"birth_date,omitzero" format:"date"`
	Dwelling   *factDwellingBody `json:"dwelling,omitempty" doc:"Of a fact about a residence, where the allowance names the address"`
}

type factDwellingBody struct {
	DwellingID      domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Address         string            `json:"address"`
	RKA             string            `json:"rka,omitempty"`
	CadastralNumber string            `json:"cadastral_number,omitempty"`
	KATO            string            `json:"kato,omitempty"`
}

// toldFact is a kind of fact that somebody is told.
type toldFact domain.FactKind

func factOf(a bodies.Allowance, f command.FeedFact) factBody {
	b := factBody{
		ID: f.ID, Fact: toldFact(f.Kind), Position: f.Position, PersonID: f.PersonID, On: f.On, RecordedAt: f.RecordedAt.In(domain.Zone),
		SurvivorID: f.SurvivorID, ListID: f.ListID, EntryID: f.EntryID,
		IIN: f.Values.IIN, Name: f.Values.Name, BirthDate: f.Values.BirthDate,
	}
	if f.FormerID != uuid.Nil {
		b.FormerID = f.FormerID.String()
	}
	if i := f.Values.Identity; a.Gives(domain.ShareAddress) && !f.DwellingID.IsZero() {
		b.Dwelling = &factDwellingBody{f.DwellingID, f.Values.Address, i.RKA, i.CadastralNumber, i.KATO}
	}
	return b
}

// FeedPage is a page of the feed.
type FeedPage struct {
	Facts []factBody    `json:"facts" doc:"In the order in which the registry learned of them"`
	Next  feed.Position `json:"next" doc:"Send it as after to go on. A page can be empty and have another next: so far the log was looked through"`
	More  bool          `json:"more" doc:"There is more behind next now; where false, ask again later"`
}

// feedLine is a line of the feed as NDJSON: a fact, or the last line.
type feedLine struct {
	*factBody
	Next *feed.Position `json:"next,omitempty" doc:"Only on the last line: from where to go on. Without this line the answer was cut"`
}

type feedInput struct {
	Accept string `header:"Accept" doc:"application/x-ndjson gives everything that is there now, a fact a line; text/event-stream goes on with what comes, as events named fact"`
	After  string `query:"after" maxLength:"40" doc:"The position that you have come to; leave it out to begin with the first fact, or send latest to learn the place behind the last one"`
	Last   string `header:"Last-Event-ID" maxLength:"40" doc:"As after; a browser sends it when it opens a stream again"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// after is the place from which the feed is asked for.
func (in *feedInput) after(ctx context.Context, f *command.Feed) (feed.Position, error) {
	text, field := in.After, "query.after"
	if in.Last != "" {
		text, field = in.Last, "header.Last-Event-ID"
	}
	if text == feedEnd {
		return f.End(ctx)
	}
	after, err := feed.ParsePosition(text)
	return after, atField(err, field)
}

// allowed returns what the caller may have now: also within a stream, whose account may have been
// closed since.
func (s *Server) allowed(ctx context.Context) (bodies.Allowance, error) {
	who := operation.Caller(ctx)
	holder, err := s.directory.Resolve(ctx, who.Account, who.Role, who.BodyID, domain.DateOf(s.now()))
	if err != nil {
		return bodies.Allowance{}, err
	}
	if holder.Body.Allowance == nil {
		return bodies.Allowance{}, bodies.NothingAllowed(domain.Forbidden)
	}
	return *holder.Body.Allowance, nil
}

func (s *Server) getFeed() operation.Operation {
	return operation.Stream(operation.Declaration{
		ID: "get-feed", Method: http.MethodGet, Path: feedAddress, Tag: feedTag,
		Of:      operation.OfAll,
		Summary: "The facts that the system of another state body may have, from a place on",
		Doc: "What a system may have says its allowance: kinds of fact, personal values, territory. Nothing is " +
			"skipped and nothing has a second id, wherever you stop. corrected and annulled name in former_id the " +
			"earlier fact. erased says that the personal values of the person are to be forgotten, in every earlier " +
			"fact. A fact that comes with the stream can come a second time after you open it again: take its id once. " +
			"Everybody who is named finds this in their access log.",
		Roles:    []domain.Role{domain.RoleConsumer},
		Problems: []domain.Code{domain.CodeNothingAllowed, domain.CodeFeedPosition, domain.CodeTooManyStreams},
		Gives:    []string{operation.JSON, ndjson, eventStream},
		Shows:    operation.ShowsPersons(),
		Class:    operation.ClassExpensive,
		FromLog:  true,
	}, feedResponses, func(ctx context.Context, in *feedInput, reading *operation.Reading) (*huma.StreamResponse, error) {
		after, err := in.after(ctx, s.feed)
		if err != nil {
			return nil, err
		}
		part := in.Limit
		if in.Accept != operation.JSON {
			part = feedPart
		}
		page, err := s.feedPage(ctx, reading, after, part)
		if err != nil {
			return nil, err
		}
		switch in.Accept {
		case ndjson:
			return &huma.StreamResponse{Body: func(out huma.Context) { s.streamFeed(out, reading, page, false) }}, nil
		case eventStream:
			return &huma.StreamResponse{Body: func(out huma.Context) { s.streamFeed(out, reading, page, true) }}, nil
		}
		return s.jsonResponse(page, 0)
	})
}

func feedResponses(schema func(reflect.Type) *huma.Schema) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "A page as JSON, everything that is there as NDJSON, or a stream of events named fact",
		Content: map[string]*huma.MediaType{
			operation.JSON: {Schema: schema(reflect.TypeFor[FeedPage]())},
			ndjson:         {Schema: schema(reflect.TypeFor[feedLine]())},
			eventStream:    {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
}

// feedPage reads a page of the feed and records in the access logs who is shown on it. The page may be
// given then.
func (s *Server) feedPage(
	ctx context.Context, reading *operation.Reading, after feed.Position, limit int,
) (FeedPage, error) {
	a, err := s.allowed(ctx)
	if err != nil {
		return FeedPage{}, err
	}
	read, err := s.feed.Read(ctx, a, after, limit)
	if err != nil {
		return FeedPage{}, err
	}
	page := FeedPage{Facts: make([]factBody, len(read.Facts)), Next: read.Next, More: read.More}
	for i, f := range read.Facts {
		page.Facts[i] = factOf(a, f)
	}
	return page, reading.Anew().Show(ctx, page)
}

// streamFeed writes the facts from the page on: up to the end of the log, or on and on where it is
// live. Each part is in the access logs before it is written.
func (s *Server) streamFeed(out huma.Context, reading *operation.Reading, page FeedPage, live bool) {
	leave, err := s.feeds.enter(operation.Caller(out.Context()).Account)
	if err != nil {
		s.api.Refuse(out, err)
		return
	}
	defer leave()
	w, err := s.openEventWriter(out)
	if err != nil {
		s.api.Refuse(out, err)
		return
	}
	defer w.close()
	write := w.lines
	out.SetHeader("Content-Type", ndjson)
	if live {
		write = w.facts
		out.SetHeader("Content-Type", eventStream)
		out.SetHeader("X-Accel-Buffering", "no") // or a proxy holds the facts back
	}
	over := time.NewTimer(streamFor)
	defer over.Stop()
	look := time.NewTicker(feedEvery)
	defer look.Stop()
	said := time.Now()
	for {
		if len(page.Facts) > 0 || live && time.Since(said) >= s.streams.heartbeat {
			if !write(page) {
				return
			}
			said = time.Now()
		}
		if !page.More && !live {
			w.send(func() error { return body.Write(w.w, feedLine{Next: &page.Next}) })
			return
		}
		if !page.More {
			select {
			case <-out.Context().Done():
				return
			case <-s.streams.ended:
				return
			case <-over.C:
				return
			case <-look.C:
			}
		}
		next, err := s.feedPage(out.Context(), reading, page.Next, feedPart)
		if err != nil && live && domain.IsKind(err, domain.Unavailable) {
			s.log.Debug("a stream of the feed could not be read now", "error", err)
			page = FeedPage{Next: page.Next} // the next look goes on from here
			continue
		}
		if err != nil {
			if refusal, _ := problem.Of(err, s.log).In(out.Header("Accept-Language")); !live {
				w.send(func() error { return body.Write(w.w, refusal) })
			}
			return // a stream that is opened again is told why
		}
		page = next
	}
}

// lines writes the facts of a page as NDJSON.
func (e *eventWriter) lines(page FeedPage) bool {
	return e.send(func() error {
		for i := range page.Facts {
			if err := body.Write(e.w, feedLine{factBody: &page.Facts[i]}); err != nil {
				return err
			}
		}
		return nil
	})
}

// facts writes the facts of a page as events, and then from where to go on, which is no event for
// whoever listens.
func (e *eventWriter) facts(page FeedPage) bool {
	return e.send(func() error {
		for _, f := range page.Facts {
			text, err := body.Marshal(f)
			if err == nil {
				_, err = fmt.Fprintf(e.w, "event: fact\nid: %s\ndata: %s\n\n", f.Position, text)
			}
			if err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(e.w, "id: %s\n: still here\n\n", page.Next)
		return err
	})
}

// feeds counts the open streams of the feed. It is safe for concurrent use.
type feeds struct {
	mu sync.Mutex
	n  int
	by map[string]int // by account
}

// enter opens a stream of the account. The caller calls leave. Error: [domain.CodeTooManyStreams].
func (f *feeds) enter(account string) (leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n >= feedsOpen || f.by[account] >= feedsEach {
		return nil, domain.Refuse(domain.Unavailable, domain.CodeTooManyStreams,
			"too many streams of the feed are open: ask for pages, or close another stream")
	}
	if f.by == nil {
		f.by = map[string]int{}
	}
	f.n++
	f.by[account]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.n--
		if f.by[account]--; f.by[account] == 0 {
			delete(f.by, account)
		}
	}, nil
}
