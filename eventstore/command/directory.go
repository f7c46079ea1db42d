package command

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/body"
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
	bodies   map[domain.BodyID]*body.Body // published states: Apply goes to a clone
	accounts map[string]domain.BodyID     // which body has, or had, the account: the first in the log
	revision map[domain.BodyID]uint64     // of the last event folded
	unusable map[domain.BodyID]error      // bodies with an event that cannot be used, and why
	caughtUp chan struct{}                // closed once all that the log held at the start is folded
	once     sync.Once
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
		revision: map[domain.BodyID]uint64{}, unusable: map[domain.BodyID]error{}, caughtUp: make(chan struct{}),
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
	now.Apply(rec)
	d.bodies[id], d.revision[id] = &now, rec.Revision
	if e, opened := rec.Event.(body.AccountOpened); opened {
		if _, taken := d.accounts[e.Account]; !taken {
			d.accounts[e.Account] = id
		}
	}
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

// holder returns the body that has, or had, the account.
func (d *Directory) holder(ctx context.Context, account string) (domain.BodyID, bool, error) {
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
	recorded, taken, err := d.holder(ctx, account)
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
	}
	a, named := b.Account(account)
	switch {
	case !named && !body.IsDefault(id):
		return Holder{}, notAccepted("its body has no such account")
	case !named && !d.defaults && role != domain.RoleAdministrator:
		return Holder{}, withoutBody()
	case a.Closed:
		return Holder{}, notAccepted("it is closed")
	case named && len(b.OfficesOn(a.PersonID, day)) == 0:
		return Holder{}, notAccepted("its official holds no office of the body any more")
	}
	return Holder{Body: b, PersonID: a.PersonID}, nil
}

func withoutBody() error {
	return domain.Refuse(domain.Forbidden, domain.CodeAccountNoBody,
		"no body has this account, so it acts for none: ask the administrator of the registry to open it "+
			"as an account of your body")
}

func notAccepted(why string) error { return fmt.Errorf("the account is not accepted: %s", why) }
