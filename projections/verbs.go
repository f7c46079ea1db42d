package projections

import (
	"fmt"
	"strings"
)

// verb says what an op does. The batch script executes it in Redis, [fold]
// executes it in memory; verbs has both side by side. Every verb is idempotent,
// and so is every sequence of ops that is repeated from its beginning: a batch
// whose script failed half way is applied again. One exception is for the
// models to respect: opPoint and opPointHolder read what their key holds by then,
// so what joins a set must join it before anything is pointed to it.
type verb int

const (
	opSet         verb = iota // hash: field, value, field, value ...
	opUnset                   // hash: field ...
	opJoin                    // set: member ...
	opLeave                   // set: member ...
	opRank                    // zset: score, member
	opUnrank                  // zset: member
	opCut                     // zset with equal scores: the first member to go; all from there up to its end go too
	opStair                   // staircase: from, to, change; see numbers.go
	opPoint                   // set of keys of zsets: member, which is ranked with score 0 in each of them
	opPointHolder             // record of an entry: member, which is ranked with score 0 in its holder's history
	opFile                    // what is due in a case, with its state: the work lists have the case by it; see work.go
	opClaim                   // digest, milliseconds; the key is relative to the root, outside generations
	verbCount
)

func (v verb) String() string { return verbs[v].name }

// verbs has a row for every verb. lua is the body of a function in the batch
// script, with the arguments of the op in args; it sees key, the op's key behind
// the prefix of the generation, that prefix as generation, the op's own key as
// name, and root. fold does the same to a generation in memory. members returns
// what the op writes of its key, whatever is there before, and reads the field that
// it reads there; both are empty for a verb that reads its whole key or changes a
// range of it (see retry.go).
var verbs = [verbCount]struct {
	name    string
	lua     string
	fold    func(f *fold, key string, args []string)
	members func(args []string) []string
	reads   string
}{
	opSet: {"HSET", `redis.call('HSET', key, unpack(args))`,
		func(f *fold, key string, args []string) {
			hash := f.value(key, "hash")
			for i := 0; i < len(args); i += 2 {
				hash.members.Set(args[i], args[i+1])
			}
		}, func(args []string) (fields []string) {
			for i := 0; i < len(args); i += 2 {
				fields = append(fields, args[i])
			}
			return fields
		}, ""},
	opUnset: {"HDEL", `redis.call('HDEL', key, unpack(args))`,
		func(f *fold, key string, args []string) { f.remove(key, args...) }, all, ""},
	opJoin: {"SADD", `redis.call('SADD', key, unpack(args))`,
		func(f *fold, key string, args []string) {
			set := f.value(key, "set")
			for _, member := range args {
				set.members.Set(member, "")
			}
		}, all, ""},
	opLeave: {"SREM", `redis.call('SREM', key, unpack(args))`,
		func(f *fold, key string, args []string) { f.remove(key, args...) }, all, ""},
	opRank: {"ZADD", `redis.call('ZADD', key, args[1], args[2])`,
		func(f *fold, key string, args []string) { f.value(key, "zset").members.Set(args[1], args[0]) },
		func(args []string) []string { return args[1:] }, ""},
	opUnrank: {"ZREM", `redis.call('ZREM', key, args[1])`,
		func(f *fold, key string, args []string) { f.remove(key, args...) }, all, ""},
	opCut: {"CUT", `redis.call('ZREMRANGEBYLEX', key, '[' .. args[1], '(` + end + `')`,
		func(f *fold, key string, args []string) {
			if zset, ok := f.values[key]; ok {
				f.remove(key, zset.between(args[0], end)...)
			}
		}, nil, ""},
	opStair: {"STAIR", `
    local from, to, change = args[1], args[2], args[3]
    local before = redis.call('ZREVRANGEBYLEX', key, '[' .. to .. '|~', '-', 'LIMIT', 0, 1)[1]
    redis.call('ZREMRANGEBYLEX', key, '[' .. from, '(' .. to)
    if before then
      local bar = string.find(before, '|', 1, true)
      if string.sub(before, 1, bar - 1) ~= to then
        redis.call('ZADD', key, 0, to .. string.sub(before, bar))
      end
    end
    redis.call('ZADD', key, 0, from .. '|' .. change)`,
		func(f *fold, key string, args []string) {
			from, to, change := args[0], args[1], args[2]
			stairs := f.value(key, "zset")
			var before string
			stairs.members.Descend(to+"|~", func(member, _ string) bool {
				before = member
				return false
			})
			for _, member := range stairs.between(from, to) {
				stairs.members.Delete(member)
			}
			if place, rest, ok := strings.Cut(before, "|"); ok && place != to {
				stairs.members.Set(to+"|"+rest, "0")
			}
			stairs.members.Set(from+"|"+change, "0")
		}, nil, ""},
	opPoint: {"POINT", `
    for _, zset in ipairs(redis.call('SMEMBERS', key)) do
      redis.call('ZADD', generation .. zset, 0, args[1])
    end`,
		func(f *fold, key string, args []string) {
			if zsets, ok := f.values[key]; ok {
				for _, zset := range zsets.members.Keys() {
					f.value(zset, "zset").members.Set(args[0], "0")
				}
			}
		}, nil, ""},
	opPointHolder: {"POINTHOLDER", `
    local person = redis.call('HGET', key, 'person')
    if person then redis.call('ZADD', generation .. 'residence-' .. person .. ':history', 0, args[1]) end`,
		func(f *fold, key string, args []string) {
			if entry, ok := f.values[key]; ok {
				if person, ok := entry.members.Get("person"); ok {
					f.value("residence-"+person+":history", "zset").members.Set(args[0], "0")
				}
			}
		}, nil, "person"},
	opFile: {"FILE", `
    local work, due = {}, nil
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
      work[fields[i]] = fields[i + 1]
      if string.sub(fields[i], 1, 4) == '` + duePrefix + `' and (not due or fields[i + 1] < due) then due = fields[i + 1] end
    end
    local state = work['state']
    if work['service'] and state then
      local member = (due or work['received']) .. string.match(name, '^case%-(.*):work$')
      local at = state .. (due and '!' or '-') .. member
      local function sets(at)
        local state, is_due, member = string.match(at, '^([a-z_]+)([!-])(.+)$')
        local service, list = generation .. 'work:' .. work['service'], nil
        if work['list'] then list = generation .. 'work:list:' .. work['list'] end
        local of = {(list or service) .. ':' .. state}
        if is_due == '!' then of[2], of[3] = service, list end
        return of, member
      end
      if at ~= work['at'] then
        if work['at'] then
          local of, member = sets(work['at'])
          for _, set in ipairs(of) do redis.call('ZREM', set, member) end
        end
        local of, member = sets(at)
        for _, set in ipairs(of) do redis.call('ZADD', set, 0, member) end
        redis.call('HSET', key, 'at', at)
      end
    end`,
		foldFile, nil, ""},
	opClaim: {"CLAIM", `redis.call('SET', root .. name, args[1], 'NX', 'PX', args[2])`,
		outside, nil, ""},
}

// all says that every argument is a member.
func all(args []string) []string { return args }

// outside is what a verb does to a generation that writes outside of it.
func outside(*fold, string, []string) {}

// verbsInLua is the table write of the batch script: a function for each verb.
// It panics where a verb lacks its name, its Lua or its Go.
func verbsInLua() string {
	var lua strings.Builder
	lua.WriteString("local write = {}\n")
	for v, does := range verbs {
		if does.name == "" || does.lua == "" || does.fold == nil {
			panic(fmt.Sprintf("projections: verb %d (%q) needs a name, its Lua and its Go", v, does.name))
		}
		fmt.Fprintf(&lua, "write.%s = function(key, args, name) %s end\n", does.name, does.lua)
	}
	return lua.String()
}
