package embedded

import "net"

// Serve is [Node.Start] on a listener of the test, until Close.
func (n *Node) Serve(listener net.Listener) error {
	if err := n.attach(listener); err != nil {
		return err
	}
	return n.serve(listener)
}

// AbandonedEngines are the goroutines of engines that were left behind by a disk that has failed.
var AbandonedEngines = []string{
	"tizilim/eventstore/embedded.(*disk).refused",
	"tizilim/eventstore/embedded.(*engine).commit.func2",
	"tizilim/eventstore/embedded.(*engine).releaseSnapshots",
	"tizilim/eventstore/embedded.(*engine).close.func1",
	"tizilim/eventstore/embedded.(*engine).beginLog.func1",
	"tizilim/eventstore/embedded.flush.func1",
	"tizilim/eventstore/embedded.(*store).metrics.func1",
	"github.com/cockroachdb/pebble/v2/record.(*LogWriter).flushLoop",
	"github.com/cockroachdb/pebble/v2/internal/genericcache.(*shard[...]).releaseLoop",
	"github.com/cockroachdb/pebble/v2.(*cleanupManager).mainLoop",
	"github.com/cockroachdb/pebble/v2.(*ConcurrencyLimitScheduler).periodicGranter",
}
