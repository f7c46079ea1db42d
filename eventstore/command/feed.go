package command

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/feed"
	"tizilim/domain/residence"
	"tizilim/eventstore"
)

const (
	// feedLook is how many events of the log one page of the feed looks at.
	feedLook = 1000
	// feedReads is how many records are read side by side for a page.
	feedReads = 8
	// correctionsDeep bounds how many corrections of corrections are followed to the first fact.
	correctionsDeep = 16
)

// feedCategories are the streams whose events tell facts.
var feedCategories = []string{"residence-", "queue-"}

// FeedLog is the log as a [Feed] reads it; [*eventstore.Store] is one.
type FeedLog interface {
	// Scan looks at no more than limit events from the position on; see [eventstore.Store.Scan].
	Scan(ctx context.Context, from domain.Position, mark func(uuid.UUID) bool, limit int, categories ...string) (
		eventstore.Scanned, error)
	// EndPlace is the last event of the log that stays for ever.
	EndPlace(ctx context.Context) (eventstore.LogPlace, error)
}

// Feed tells consumers the facts that they may have (C31), from the log itself: no read model can be
// behind it or lose a fact.
type Feed struct {
	handler *Handler
	log     FeedLog
}

// NewFeed returns the feed of a registry.
func NewFeed(h *Handler, log FeedLog) *Feed { return &Feed{h, log} }

// FeedFact is a fact as a consumer is told it.
type FeedFact struct {
	feed.Fact
	Position   feed.Position // behind the fact
	RecordedAt time.Time     // when the log learned of it
	FormerID   uuid.UUID     // of the earlier fact, of which this one tells what became; zero where it is not known
	Values     FeedValues
}

// FeedValues are the personal values of a fact that the consumer may have, as the registry has them
// when it is told: none of an erased person.
type FeedValues struct {
	IIN       domain.IIN
	Name      domain.Personal
	BirthDate domain.Date
	Address   string
	Identity  residence.Identity // of the dwelling
}

// FeedPage is a part of the feed.
type FeedPage struct {
	Facts []FeedFact
	// Next is from where to go on: everything before it was looked at, and is told here or is not for
	// this consumer.
	Next feed.Position
	More bool // the log has more behind Next
}

// Read returns at most limit facts behind the position that the allowance covers. It looks at a bounded
// part of the log: a page can be empty although more follows. Error: [domain.CodeFeedPosition] where the
// log has no such place.
func (f *Feed) Read(ctx context.Context, a body.Allowance, after feed.Position, limit int) (FeedPage, error) {
	var mark func(uuid.UUID) bool
	if after.Mark != [4]byte{} {
		mark = func(id uuid.UUID) bool { return [4]byte(id[:4]) == after.Mark }
	}
	scanned, err := f.log.Scan(ctx, after.At, mark, feedLook, feedCategories...)
	switch {
	case errors.Is(err, eventstore.ErrNotHere):
		return FeedPage{}, domain.Refuse(domain.Conflict, domain.CodeFeedPosition,
			"the log of the registry has no such place, as after it was restored from a backup: go on from an "+
				"earlier place that you have, or begin anew; a fact that comes again has the same id")
	case err != nil:
		return FeedPage{}, err
	}
	page := FeedPage{Next: after, More: scanned.More}
	if scanned.Last.At > after.At {
		page.Next = feed.After(scanned.Last.At, scanned.Last.ID, feed.AllFacts)
	}
	var told []FeedFact
	for _, rec := range scanned.Events {
		for i, fact := range feed.FactsOf(rec) {
			at := feed.After(rec.Position, rec.ID, uint16(i+1))
			if after.Before(at) && mayHave(a, fact.Of) {
				told = append(told, FeedFact{Fact: fact, Position: at, RecordedAt: rec.Created})
			}
		}
	}
	if len(told) > limit {
		told = told[:limit]
		page.Next, page.More = told[limit-1].Position, true
	}
	page.Facts, err = f.complete(ctx, a, told)
	return page, err
}

// End is the place behind all facts that the log has now.
func (f *Feed) End(ctx context.Context) (feed.Position, error) {
	end, err := f.log.EndPlace(ctx)
	if err != nil || end.At == 0 {
		return feed.Position{}, err
	}
	return feed.After(end.At, end.ID, feed.AllFacts), nil
}

// mayHave reports whether the consumer may have facts of one of the kinds. What belongs to no kind,
// everybody is told: that a person was erased.
func mayHave(a body.Allowance, of []domain.FactKind) bool {
	return len(of) == 0 || slices.ContainsFunc(of, func(k domain.FactKind) bool { return slices.Contains(a.Facts, k) })
}

// complete returns those of the facts that the allowance covers, with what belongs to them.
func (f *Feed) complete(ctx context.Context, a body.Allowance, told []FeedFact) ([]FeedFact, error) {
	covered := make([]bool, len(told))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(feedReads)
	for i := range told {
		group.Go(func() (err error) {
			covered[i], err = f.completed(ctx, a, &told[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	mine := told[:0]
	for i, fact := range told {
		if covered[i] {
			mine = append(mine, fact)
		}
	}
	return mine, nil
}

// completed adds to the fact what belongs to it, and reports whether the allowance covers it.
func (f *Feed) completed(ctx context.Context, a body.Allowance, fact *FeedFact) (bool, error) {
	if fact.Kind == domain.FactErased {
		return true, nil
	}
	person, err := f.handler.KnownPerson(ctx, fact.PersonID, true)
	if err != nil {
		return false, err
	}
	inTerritory, err := f.covers(ctx, a, person, fact.Fact)
	if err != nil {
		return false, err
	}
	if !fact.Former.IsZero() {
		former, root, err := f.former(ctx, fact.Fact)
		if err != nil {
			return false, err
		}
		fact.FormerID = former.ID
		if len(root.Of) > 0 && !mayHave(a, root.Of) {
			return false, nil
		}
		if !inTerritory && root.ID != uuid.Nil { // whoever was told the earlier fact learns what became of it
			if inTerritory, err = f.covers(ctx, a, person, root); err != nil {
				return false, err
			}
		}
	}
	if !inTerritory {
		return false, nil
	}
	fact.Values, err = f.values(ctx, a, person, fact.DwellingID)
	return true, err
}

// former returns the earlier fact of which a fact tells what became, and the first one behind any
// corrections in between. Both are zero where the log does not name it.
func (f *Feed) former(ctx context.Context, of feed.Fact) (former, root feed.Fact, err error) {
	root = of
	for range correctionsDeep {
		if root.Former.IsZero() {
			return former, root, nil
		}
		recs, err := f.handler.log.ReadPage(ctx, root.Former.Stream, root.Former.Revision, 1)
		if err != nil {
			return former, root, err
		}
		i := -1
		var earlier []feed.Fact
		if len(recs) > 0 {
			earlier = feed.FactsOf(recs[0])
			i = slices.IndexFunc(earlier, func(e feed.Fact) bool { return e.PersonID == of.PersonID })
		}
		if i < 0 {
			return former, root, nil
		}
		if root = earlier[i]; former.ID == uuid.Nil {
			former = root
		}
	}
	return former, root, nil
}

// covers reports whether the fact is of the territory of the allowance. A fact of a dwelling is where
// the dwelling is. Any other is where the person is registered when it holds, on the day before, or
// now; a person who is registered nowhere is only in the whole country.
func (f *Feed) covers(ctx context.Context, a body.Allowance, p *residence.Person, fact feed.Fact) (bool, error) {
	if a.WholeCountry {
		return true, nil
	}
	if !fact.DwellingID.IsZero() {
		d, err := f.handler.KnownDwelling(ctx, fact.DwellingID, false)
		return err == nil && a.Covers(domain.KATO(d.KATO)), err
	}
	return f.resides(ctx, a, p, fact.On, fact.On.AddDays(-1), domain.DateOf(f.handler.now()))
}

// resides reports whether the person is registered in the territory on one of the days.
func (f *Feed) resides(ctx context.Context, a body.Allowance, p *residence.Person, days ...domain.Date) (bool, error) {
	if a.WholeCountry {
		return true, nil
	}
	for _, day := range days {
		for _, r := range p.ActiveOn(day) {
			d, err := f.handler.KnownDwelling(ctx, r.DwellingID, false)
			if err != nil {
				return false, err
			}
			if a.Covers(domain.KATO(d.KATO)) {
				return true, nil
			}
		}
	}
	return false, nil
}

// values returns the personal values that the allowance gives.
func (f *Feed) values(
	ctx context.Context, a body.Allowance, p *residence.Person, at domain.DwellingID,
) (v FeedValues, err error) {
	if !p.Known() { // erased since
		return v, nil
	}
	if a.Gives(domain.ShareIIN) {
		v.IIN = p.IIN
	}
	if a.Gives(domain.ShareName) {
		v.Name = p.Name
	}
	if a.Gives(domain.ShareBirthDate) {
		v.BirthDate = p.BirthDate
	}
	if a.Gives(domain.ShareAddress) && !at.IsZero() {
		d, err := f.handler.KnownDwelling(ctx, at, true)
		if err != nil {
			return v, err
		}
		v.Address, v.Identity = d.Address, d.Identity
	}
	return v, nil
}

// ToldOf is the last fact of a kind about a person, of which a consumer may be told.
type ToldOf struct {
	Kind       domain.FactKind
	Position   feed.Position
	DwellingID domain.DwellingID // zero where the fact is of none
	On         domain.Date
}

// Changed returns those of the last facts about the person that are behind the place and that the
// allowance covers. Of an erased person it returns the erasure alone.
func (f *Feed) Changed(
	ctx context.Context, a body.Allowance, id domain.PersonID, last []ToldOf, since feed.Position,
) (changed []ToldOf, err error) {
	person, err := f.handler.KnownPerson(ctx, id, false)
	if err != nil {
		return nil, err
	}
	for _, told := range last {
		if !since.Before(told.Position) {
			continue
		}
		if told.Kind == domain.FactErased {
			return []ToldOf{told}, nil
		}
		if !slices.Contains(a.Facts, told.Kind) {
			continue
		}
		covered, err := f.covers(ctx, a, person, feed.Fact{DwellingID: told.DwellingID, On: told.On})
		if err != nil {
			return nil, err
		}
		if covered {
			changed = append(changed, told)
		}
	}
	slices.SortFunc(changed, func(x, y ToldOf) int {
		return cmp.Or(cmp.Compare(x.Position.String(), y.Position.String()), cmp.Compare(x.Kind, y.Kind))
	})
	return changed, nil
}
