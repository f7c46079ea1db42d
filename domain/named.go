package domain

import "log/slog"

// Named is whom an applicant meant by an IIN and a name (R55). Both stand as the applicant wrote
// them, because that is what was signed.
type Named struct {
	PersonID PersonID `json:"person_id"`
	IIN      Personal `json:"iin"`
	Name     Personal `json:"name"`
}

func (n Named) LogValue() slog.Value { return Masked(n) }
