package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/notice"
)

// Directory knows in memory who acts for which body. It follows the streams of bodies, so
// that a request costs no call of the log, and a change in one process is known in all of
// them as soon as the log delivers it, within a second.
//
// What it does not know yet it reads from the log: a body that another process recorded a
// moment ago is not refused. Nobody acts for a body with an event that cannot be used: it
// might have closed their account.
//
// The zero Directory is not usable; [NewDirectory] makes one.
type Directory struct {
	log      Log
	defaults bool // default bodies take accounts of every role, and not of administrators alone

	mu       sync.RWMutex
	bodies   map[domain.BodyID]*body.Body      // published states: Apply goes to a clone
	accounts map[string]domain.BodyID          // which body has, or had, the account: the first in the log
	revision map[domain.BodyID]uint64          // of the last event folded
	unusable map[domain.BodyID]error           // bodies with an event that cannot be used, and why
	heirs    map[domain.BodyID]domain.BodyID   // which body has the place of one that has ended
	former   map[domain.BodyID][]domain.BodyID // the bodies in whose place a body is
	changes  []bodyChange                      // that are told to many, in the order of the log
	caughtUp chan struct{}                     // closed once all that the log held at the start is folded
	once     sync.Once
}

// bodyChange is an event of a body that those who wait on its lists are told of.
type bodyChange struct {
	kind   notice.Kind
	event  domain.Recorded
	bodies []domain.BodyID // that opened the lists: the body, and those in whose place it was then
}

// changesFrom returns the changes from the n-th on.
func (d *Directory) changesFrom(n int) []bodyChange {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.changes[min(n, len(d.changes)):])
}

// BodyLog is the log as a [Directory] follows it; [*eventstore.Store] is one.
type BodyLog interface {
	// FollowBodies delivers every event of the streams of bodies from the beginning, in
	// log order, and then each new one, until ctx ends.
	FollowBodies(ctx context.Context) <-chan domain.Delivery
}

// NewDirectory returns an empty Directory on the log; [Directory.Run] fills it. With defaults
// an account that no body has acts for the default body of its role. Without, only
// administrators do so: somebody must record the first body.
func NewDirectory(log Log, defaults bool) *Directory {
	return &Directory{
		log: log, defaults: defaults, bodies: map[domain.BodyID]*body.Body{}, accounts: map[string]domain.BodyID{},
		revision: map[domain.BodyID]uint64{}, unusable: map[domain.BodyID]error{},
		heirs: map[domain.BodyID]domain.BodyID{}, former: map[domain.BodyID][]domain.BodyID{},
		caughtUp: make(chan struct{}),
	}
}

// Run follows the log until ctx ends.
func (d *Directory) Run(ctx context.Context, log BodyLog) {
	for delivery := range log.FollowBodies(ctx) {
		switch rec := delivery.Recorded; {
		case rec == nil:
		case delivery.Poison != nil:
			d.distrust(rec.Stream, delivery.Poison)
		default:
			d.fold(*rec)
		}
		if delivery.CaughtUp {
			d.once.Do(func() { close(d.caughtUp) })
		}
	}
}

// distrust notes that an event of the stream cannot be used.
func (d *Directory) distrust(stream string, why error) {
	id, err := uuid.Parse(strings.TrimPrefix(stream, domain.BodyCategory))
	if err != nil {
		return // no body has this stream
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unusable[domain.BodyID{UUID: id}] = why
}

// fold folds an event, once however often it comes.
func (d *Directory) fold(rec domain.Recorded) {
	id, ok := bodyOf(rec.Event)
	if !ok || rec.Stream != id.Stream() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.bodies[id]
	if was != nil && rec.Revision <= d.revision[id] {
		return
	}
	now := body.Body{}
	if was != nil {
		now = was.Clone()
	}
	of := append(slices.Clone(d.former[id]), id)
	if e, ended := rec.Event.(body.Ended); !ended || d.succeed(e) {
		now.Apply(rec)
		if kind, tells := notice.CircularOf(rec.Event); tells {
			d.changes = append(d.changes, bodyChange{kind, rec, of})
		}
	}
	d.bodies[id], d.revision[id] = &now, rec.Revision
	if e, opened := rec.Event.(body.AccountOpened); opened {
		if _, taken := d.accounts[e.Account]; !taken {
			d.accounts[e.Account] = id
		}
	}
}

// succeed puts the successor in the place of a body that has ended, and of all in whose place that
// one was, so that to ask who is there costs one look. It reports false where the successor's place
// is that of the body itself: two bodies were ended into each other at the same moment. Nothing
// protects their two streams together. The first in the log counts, in every process.
func (d *Directory) succeed(e body.Ended) bool {
	if e.SuccessorID.IsZero() {
		return true
	}
	heir := d.heir(e.SuccessorID)
	if heir == e.BodyID {
		return false
	}
	for _, id := range append(slices.Clone(d.former[e.BodyID]), e.BodyID) {
		d.heirs[id] = heir
		d.former[heir] = append(d.former[heir], id)
	}
	delete(d.former, e.BodyID)
	return true
}

func (d *Directory) heir(id domain.BodyID) domain.BodyID {
	if heir, ok := d.heirs[id]; ok {
		return heir
	}
	return id
}

// Heirs returns which body is in the place of a body: its successor where it has ended, and else
// the body itself (C27). All that names a body is compared through it: lists, dwellings, the body
// above.
func (d *Directory) Heirs(ctx context.Context) (domain.Heirs, error) {
	if err := d.await(ctx); err != nil {
		return nil, err
	}
	return func(id domain.BodyID) domain.BodyID {
		d.mu.RLock()
		defer d.mu.RUnlock()
		return d.heir(id)
	}, nil
}

// Former returns the bodies in whose place the body is.
func (d *Directory) Former(ctx context.Context, id domain.BodyID) ([]domain.BodyID, error) {
	if err := d.await(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.former[id]), nil
}

// At returns the body that was in the place of a body at the instant, to be read only; nil where
// none is recorded.
func (d *Directory) At(ctx context.Context, id domain.BodyID, at time.Time) (*body.Body, error) {
	for {
		b, err := d.Body(ctx, id)
		if err != nil || b == nil || b.Ended == nil || b.Ended.SuccessorID.IsZero() || b.Ended.EndedAt.After(at) {
			return b, err
		}
		id = b.Ended.SuccessorID
	}
}

// Reviews reports whether the body decides complaints about another one that is there.
func (d *Directory) Reviews(ctx context.Context, id domain.BodyID) (bool, error) {
	all, err := d.Bodies(ctx)
	if err != nil {
		return false, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.ContainsFunc(all, func(b *body.Body) bool { return b.Ended == nil && d.heir(b.Parent) == id }), nil
}

// bodyOf returns the body that an event of its stream is about.
func bodyOf(e domain.Event) (domain.BodyID, bool) {
	switch e := e.(type) {
	case body.Recorded:
		return e.BodyID, true
	case body.Described:
		return e.BodyID, true
	case body.OfficialAppointed:
		return e.BodyID, true
	case body.OfficialEnded:
		return e.BodyID, true
	case body.AccountOpened:
		return e.BodyID, true
	case body.AccountClosed:
		return e.BodyID, true
	case body.Renamed:
		return e.BodyID, true
	case body.Ended:
		return e.BodyID, true
	case body.ConsumerAllowed:
		return e.BodyID, true
	case body.AllowanceEnded:
		return e.BodyID, true
	case body.WebhookSet:
		return e.BodyID, true
	case body.WebhookEnded:
		return e.BodyID, true
	}
	return domain.BodyID{}, false
}

// Body returns the body, to be read only; nil where none is recorded under the id. A
// default body is known even before the log has it.
func (d *Directory) Body(ctx context.Context, id domain.BodyID) (*body.Body, error) {
	d.mu.RLock()
	b, err := d.bodies[id], d.unusable[id]
	d.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if b != nil {
		return b, nil
	}
	if b, ok := body.DefaultState(id); ok {
		return &b, nil
	}
	return d.read(ctx, id)
}

// read reads the body from the log, which may have what is not delivered yet; nil where
// none is recorded. The state is not kept: the order of the log over all bodies decides
// who has an account.
func (d *Directory) read(ctx context.Context, id domain.BodyID) (*body.Body, error) {
	b := body.Body{}
	for rec, err := range d.log.Read(ctx, id.Stream(), 0) {
		if err != nil {
			return nil, err
		}
		b.Apply(rec)
	}
	if !b.Known() {
		return nil, nil
	}
	return &b, nil
}

// Bodies returns all bodies that are delivered, to be read only, in no order.
func (d *Directory) Bodies(ctx context.Context) ([]*body.Body, error) {
	if err := d.await(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make([]*body.Body, 0, len(d.bodies))
	for _, b := range d.bodies {
		all = append(all, b)
	}
	return all, nil
}

// await waits until the directory has what the log held at the start.
func (d *Directory) await(ctx context.Context) error {
	select {
	case <-d.caughtUp:
		return nil
	case <-ctx.Done():
		return domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
			"the registry does not know its bodies yet: send the same request again in a moment")
	}
}

// BodyOf returns the body that has, or had, the account.
func (d *Directory) BodyOf(ctx context.Context, account string) (domain.BodyID, bool, error) {
	if err := d.await(ctx); err != nil {
		return domain.BodyID{}, false, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, taken := d.accounts[account]
	return id, taken, nil
}

// Holder is who acts through an account.
type Holder struct {
	Body     *body.Body      // to be read only
	PersonID domain.PersonID // the official who uses it; zero where the account is not recorded
}

// Resolve returns who acts, on the day, through the account of the role for the body; with
// the zero BodyID, for the body that has the account, and where no body has it, for the
// default body of the role.
//
// An account acts for a body only where its record names the account, and only while its
// official holds an office there. A default body takes accounts that no body has, as
// [NewDirectory] says.
//
// The error is a [*domain.Error] where the log cannot be read, and [domain.CodeAccountNoBody]
// where no body has the account and its default body does not take it. Any other error says
// that the account is not accepted: it is closed, its official has left, it acts for another
// body, or it does not have the role.
func (d *Directory) Resolve(
	ctx context.Context, account string, role domain.Role, id domain.BodyID, day domain.Date,
) (Holder, error) {
	recorded, taken, err := d.BodyOf(ctx, account)
	if err != nil {
		return Holder{}, err
	}
	switch {
	case taken && id.IsZero():
		id = recorded
	case taken && recorded != id:
		return Holder{}, notAccepted("it acts for another body")
	case id.IsZero():
		id = body.Default(role)
	}
	b, err := d.Body(ctx, id)
	if err == nil && b != nil && !taken && !body.IsDefault(id) {
		b, err = d.read(ctx, id) // another process may have opened the account a moment ago
	}
	switch {
	case err != nil:
		return Holder{}, err
	case b == nil:
		return Holder{}, notAccepted("its body is not recorded")
	case b.Kind.Role() != role:
		return Holder{}, notAccepted("its body has no accounts of this role")
	case b.Ended != nil && b.Ended.SuccessorID.IsZero():
		return Holder{}, notAccepted("its body was wound up")
	case b.Ended != nil:
		return Holder{}, notAccepted("its body is no more, and its matters are those of " + d.heirOf(id).String())
	}
	a, named := b.Account(account)
	switch {
	case !named && !body.IsDefault(id):
		return Holder{}, notAccepted("its body has no such account")
	case !named && !d.defaults && role != domain.RoleAdministrator:
		return Holder{}, withoutBody()
	case a.Closed:
		return Holder{}, notAccepted("it is closed")
	case named && !a.PersonID.IsZero() && len(b.OfficesOn(a.PersonID, day)) == 0:
		return Holder{}, notAccepted("its official holds no office of the body any more")
	}
	return Holder{Body: b, PersonID: a.PersonID}, nil
}

func withoutBody() error {
	return domain.Refuse(domain.Forbidden, domain.CodeAccountNoBody,
		"no body has this account, so it acts for none: ask the administrator of the registry to open it "+
			"as an account of your body")
}

func (d *Directory) heirOf(id domain.BodyID) domain.BodyID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.heir(id)
}

func notAccepted(why string) error { return fmt.Errorf("the account is not accepted: %s", why) }
