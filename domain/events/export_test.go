package events

import "os"

// The tests read the samples from the directory: those that -update has just
// written are not compiled into them.
func init() { files = os.DirFS(".") }
