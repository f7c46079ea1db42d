package domain

import "slices"

// CheckAnswered refuses with the code where there are warnings whose codes are not accepted, and
// names each of them. message says how to answer.
func CheckAnswered(code Code, warnings []*Error, accept []Code, message string) error {
	open := slices.DeleteFunc(slices.Clone(warnings), func(w *Error) bool { return slices.Contains(accept, w.Code) })
	if len(open) == 0 {
		return nil
	}
	refusal := Refuse(Conflict, code, "%s", message).At("accept")
	for _, w := range open {
		refusal.Also = append(refusal.Also, w.At("accept"))
	}
	return refusal
}
