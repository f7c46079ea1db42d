package domain

// Heirs says which body is in the place of a body: its successor where it has ended (C27), and else
// the body itself. nil knows of none that has ended.
type Heirs func(BodyID) BodyID

// Of returns the body in the place of the body.
func (h Heirs) Of(id BodyID) BodyID {
	if h == nil || id.IsZero() {
		return id
	}
	return h(id)
}
