package tree_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tizilim/domain/proof"
	"tizilim/eventstore/tree"
)

// TestABackgroundCheckReportsWhatItFinds to the store, which then refuses the stream, and to
// the metrics, by which operators are called.
func TestABackgroundCheckReportsWhatItFinds(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	pass := func(want string) {
		t.Helper()
		metrics := prometheus.NewPedanticRegistry()
		known := w.tree()
		must(t, known.Sync(t.Context()))
		watch, err := tree.NewWatch(known, tree.CheckConfig{
			Store: w.registry, Public: newSigner(t, 1).Public(), Key: macKey, Witness: w.witness(),
		}, quiet, metrics)
		must(t, err)
		watch.Pass(t.Context())
		if err := testutil.GatherAndCompare(metrics, strings.NewReader(want), "tizilim_log_check_events_total",
			"tizilim_log_check_passes_total", "tizilim_log_findings", "tizilim_log_head_events"); err != nil {
			t.Error(err)
		}
	}
	pass(passed("12", "1", "0", "0"))
	if found := w.registry.Findings(); len(found) != 0 {
		t.Errorf("it finds %v in a log that is sound", found)
	}
	e := w.raw(first.Stream())[1]
	w = w.rewrite(func(f files) { f.remove(e) })
	pass(passed("11", "0", "1", "1"))
	if found := w.registry.Findings(); len(found) != 1 || found[0].Kind != proof.Removed || found[0].Event != e.Record().Ref() {
		t.Errorf("it reports %v", found)
	}
	for _, err := range w.registry.Read(t.Context(), first.Stream(), 0) {
		if err == nil {
			t.Error("the stream is read as if nothing had happened")
		}
		break
	}
}

// passed is what the metrics say after one check.
func passed(events, sound, tampered, findings string) string {
	return `# HELP tizilim_log_check_events_total Events of the log that were compared with its tree.
# TYPE tizilim_log_check_events_total counter
tizilim_log_check_events_total ` + events + `
# HELP tizilim_log_check_passes_total Checks of the whole log: sound, tampered, or failed before their end.
# TYPE tizilim_log_check_passes_total counter
tizilim_log_check_passes_total{outcome="failed"} 0
tizilim_log_check_passes_total{outcome="sound"} ` + sound + `
tizilim_log_check_passes_total{outcome="tampered"} ` + tampered + `
# HELP tizilim_log_findings Things that were done to the log without the registry; 0 is well.
# TYPE tizilim_log_findings gauge
tizilim_log_findings ` + findings + `
# HELP tizilim_log_head_events Events in the tree of the newest signed head.
# TYPE tizilim_log_head_events gauge
tizilim_log_head_events 12
`
}
