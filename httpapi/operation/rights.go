package operation

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/httpapi/token"
)

// Subject is the kind of record that an operation acts on or shows. Who may call the
// operation depends on their relation to that record. Every operation declares one.
type Subject string

const (
	OfList        Subject = "list"          // that the path names
	OfEntry       Subject = "entry"         // of a list, that the path names
	OfCase        Subject = "case"          // that the path names
	OfPerson      Subject = "person"        // whom the path names
	OfDwelling    Subject = "dwelling"      // that the path names
	OfCertificate Subject = "certificate"   // that the path names
	OfBody        Subject = "body"          // that the path names
	OfCaller      Subject = "the caller"    // what belongs to the account of the caller
	OfRequest     Subject = "the request"   // records that the body of the request names: the operation checks them
	OfNew         Subject = "a new record"  // which belongs to nobody before, or to the body of the caller
	OfAll         Subject = "no one record" // a search or a list over all records
	OfPublic      Subject = "public"        // what everybody may see
)

// Subjects lists them all.
var Subjects = []Subject{
	OfList, OfEntry, OfCase, OfPerson, OfDwelling, OfCertificate, OfBody,
	OfCaller, OfRequest, OfNew, OfAll, OfPublic,
}

// Recorded reports whether the path names a record.
func (s Subject) Recorded() bool {
	switch s {
	case OfList, OfEntry, OfCase, OfPerson, OfDwelling, OfCertificate, OfBody:
		return true
	}
	return false
}

// Rights decides who may call an operation on which record.
type Rights interface {
	// Allow refuses an attempt on a record that the caller may not act on or see. It
	// refuses a citizen with [NotYours] where the record is another's, and where there is
	// none. It lets staff pass where there is none: the operation says so.
	Allow(ctx context.Context, a Attempt) (Standing, error)
}

// Standing is how a citizen stands to the record of an attempt that is allowed.
type Standing struct {
	For domain.PersonID // in whose place they act, as a legal representative (R32); zero for themselves
	// Barred is why they may not do it any more: only a command that the log has already is
	// answered. nil where they may.
	Barred error
}

// Attempt is a call of an operation, before the form of the request is looked at.
type Attempt struct {
	Operation
	Caller token.Principal
	Body   *body.Body               // of staff, to be read only
	Param  func(name string) string // of the path
	Beyond bool                     // staff have stated why they read, with its reference

	OnBehalfOf domain.PersonID       // in whose place a citizen says to act; zero where they say nothing
	Command    domain.CommandID      // of a command, by its Idempotency-Key
	ActAs      func(domain.PersonID) // lets the caller act as another record of the same human
}

// refusalStep is the grid of the times at which a citizen learns that a record is not
// theirs. Whether it is another's or there is none, the work is far shorter than one step.
const refusalStep = 10 * time.Millisecond

// settle holds back the refusal of a record until the next step after the request came, so
// that its time tells nothing of the work behind it. A random part of a step hides what is
// left: a machine that has just worked sends a few microseconds sooner than an idle one.
// The whole answer waits in the buffer of the connection, and is sent after the wait.
func settle(who token.Principal, status int, came time.Time) {
	if who.IsCitizen() && status == http.StatusNotFound {
		sleepPrecisely(refusalStep - time.Since(came)%refusalStep + rand.N(refusalStep))
	}
}
