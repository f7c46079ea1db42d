package proof

import (
	"slices"
	"strings"

	"tizilim/domain"
)

// Unprojected are categories of the registry that no projection follows.
var Unprojected = []string{"otp-", "contact-", "body-", "address-", "token-", "registry-", "delivery-"}

// Categories are those of the streams whose events have a MAC and are in the tree. The
// stream of the heads and those of wrapped keys (key-) are not: heads are signed, and
// a key can be destroyed.
var Categories = func() []string {
	all := slices.Clone(domain.Categories)
	for _, category := range Unprojected {
		if !slices.Contains(all, category) {
			all = append(all, category)
		}
	}
	return all
}()

// Covers reports whether the events of the stream are in the tree.
func Covers(stream string) bool {
	for _, category := range Categories {
		if strings.HasPrefix(stream, category) {
			return true
		}
	}
	return false
}

// HeadStream is the stream with the heads of the log.
const HeadStream = "head-6a0f2c5e-7d1b-4b52-9c1e-3f6b8f2d0a11"

// HeadSigned is the type of its events.
const HeadSigned = "HeadSigned"
