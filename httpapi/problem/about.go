package problem

import "tizilim/domain"

// About returns what a code means and how a request is mended that is refused with it, as sentences for
// whoever looks the code up. Both are empty where there is no such code.
func About(code domain.Code, l domain.Language) (title, mend string) {
	of, ok := texts[l]
	if !ok {
		of = english
	}
	return of[code].Title, of[code].Mend
}
