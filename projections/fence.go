//go:build !unfenced

package projections

// fence stops a writer that must not write any more: one whose role another process has taken,
// and one whose checkpoint is not where it left it. The tag unfenced takes it away, to prove
// that the rig in cmd/faults notices.
const fence = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
if redis.call('HGET', KEYS[2], 'position') ~= ARGV[2] then return 'moved' end`
