package projections

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

const (
	probeLives     = time.Minute // how long a probe is kept
	evictionsField = "evictions" // of a checkpoint: [memory.note] at its beginning
)

// memory is what Redis says about itself that decides whether its answers can be
// relied on.
type memory struct {
	policy  string // that evicts keys of read models, such as allkeys-lru; empty: none does
	spares  bool   // the policy evicts only keys that expire by themselves
	evicted uint64 // keys, since Redis has started
	run     string // of Redis: another one after a restart
}

// note is what a generation keeps of m: by it every process sees, however much later, whether
// keys were evicted since. Empty where Redis tells nothing of itself.
func (m memory) note() string {
	if m.run == "" {
		return ""
	}
	return m.run + "|" + strconv.FormatUint(m.evicted, 10)
}

// evictedSince reports whether Redis has evicted keys since the note was written that may be
// those of read models. Another run of Redis has counted from 0: whatever it has evicted
// counts, as it does for a generation without a note.
func (m memory) evictedSince(note string) bool {
	return m.run != "" && !m.spares && m.evicted > m.noted(note)
}

// noted is how many keys this run of Redis had evicted when the note was written.
func (m memory) noted(note string) uint64 {
	run, count, _ := strings.Cut(note, "|")
	n, err := strconv.ParseUint(count, 10, 64)
	if err != nil || run != m.run {
		return 0
	}
	return n
}

// memoryOf asks Redis. The one in the process has no such sections, and evicts nothing.
func memoryOf(ctx context.Context, client redis.UniversalClient, keys keyspace) (m memory, err error) {
	info, err := infoOf(ctx, client, keys)
	if err != nil {
		return m, err
	}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "maxmemory_policy":
			if strings.HasPrefix(value, "allkeys") {
				m.policy = value
			}
			m.spares = strings.HasPrefix(value, "volatile")
		case "run_id":
			m.run = value
		case "evicted_keys":
			m.evicted, _ = strconv.ParseUint(value, 10, 64)
		}
	}
	return m, nil
}

// infoOf asks the node that has the registry's slot.
func infoOf(ctx context.Context, client redis.UniversalClient, keys keyspace) (string, error) {
	node := redis.Cmdable(client)
	if cluster, ok := client.(*redis.ClusterClient); ok {
		master, err := cluster.MasterForKey(ctx, keys.serving())
		if err != nil {
			return "", err
		}
		node = master
	}
	pipe := node.Pipeline() // a Redis before 7 takes one section in each call
	sections := []*redis.StringCmd{pipe.Info(ctx, "memory"), pipe.Info(ctx, "stats"), pipe.Info(ctx, "server")}
	if _, err := pipe.Exec(ctx); err != nil && !isAnswer(err) { // else it is there, and lacks a section
		return "", err
	}
	var info string
	for _, section := range sections {
		info += section.Val()
	}
	return info, nil
}

// isAnswer reports whether the error is what Redis has answered.
func isAnswer(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

// refusalOf returns the word with which Redis refuses to write: OOM, READONLY, MISCONF,
// NOREPLICAS; empty where the error is another.
func refusalOf(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for _, word := range []string{"OOM", "READONLY", "MISCONF", "NOREPLICAS"} {
		if strings.HasPrefix(text, word+" ") || strings.Contains(text, " "+word+" ") {
			return word
		}
	}
	return ""
}

// probe writes a key that nobody reads, and returns the word with which Redis refuses it.
func probe(ctx context.Context, client redis.UniversalClient, keys keyspace) (refusal string) {
	return refusalOf(client.Set(ctx, keys.probe(), "1", probeLives).Err())
}

// evicts says that Redis may have thrown keys of the read model away.
func evicts(policy string) *domain.Error {
	return domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
		"Redis throws keys of the read model away when memory is short (maxmemory-policy is %s), so the registry does "+
			"not answer from it; its operator sets the policy to noeviction", policy)
}
