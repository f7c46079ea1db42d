package residence

import "time"

// Policy is what the acts leave to the body that keeps the register. All of it
// is here, so that it can be given by date from one table.
type Policy struct {
	// CoOwnersConfirm: an application on the portal by one of several owners
	// waits until the others have confirmed it (R6; read in a guide of the
	// portal, so a default and not law).
	CoOwnersConfirm bool
	// CoOwnersAnswerWithin is how long they have; then the application has
	// failed.
	CoOwnersAnswerWithin time.Duration
}

// DefaultPolicy is what holds where nothing else is said.
var DefaultPolicy = Policy{
	CoOwnersConfirm:      true,
	CoOwnersAnswerWithin: 3 * 24 * time.Hour,
}
