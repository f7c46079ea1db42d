//go:build !race

package command

// lockOrder checks the order of locks, under the race detector only.
type lockOrder struct{}

func (*lockOrder) taking(string) {}
func (*lockOrder) gave(string)   {}
