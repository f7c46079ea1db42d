// Package projections keeps the read models of the registry in Redis and
// answers from them: where a person is registered, who lives in a dwelling, how
// a case stands, which number an entry of a list has now, and which events tell
// of a person or a dwelling. It is the only package that knows Redis.
//
// # How to start
//
// One process, nothing installed:
//
//	redis, err := projections.StartEmbeddedOn(socket) // or client, err := projections.Connect(url)
//	client := redis.Client()
//	projector, err := projections.NewProjector(client, log, projections.Options{})
//	go projector.Run(ctx)                              // follows the log until ctx ends
//	reader := projections.NewReader(client, projections.Options{})
//	err = reader.Await(ctx, position)                  // of the command just appended
//	number, err := reader.Number(ctx, listID, entryID)
//	watch, err := projections.NewWatch(reader, log, projections.Options{})
//	go watch.Run(ctx)                                  // compares the two once a second
//	err = watch.CatchUp(ctx)                           // what is not in the model now is not in the log
//
// Several processes may each run a [Projector]. One is active; a lease decides
// which. Any number of processes may use a [Reader] and [Claims].
//
// # How it works
//
// A model is a pure function from an event to writes. It is in one file with
// its keys, its results and its reader: persons.go, names.go, dwellings.go, cases.go,
// lists.go, entries.go (with numbers.go), histories.go, acts.go, tasks.go,
// work.go, duties.go, certificates.go, accounts.go, notices.go, erasures.go, merged.go,
// accesses.go, actors.go, facts.go. The
// machinery of reading is in reader.go.
//
// The projector follows the log and applies the events in batches. The writes
// of a batch and the checkpoint after it are one script, which Redis runs alone
// (batch.go). The script first checks that this process still has its role,
// that the checkpoint is where it left it, and that the generation still
// serves. If one of these does not hold, nothing is written and the projector
// looks again. What each write does is in verbs.go, in Lua for Redis and in Go
// for [Verify].
//
// The models of one filling are a generation: all their keys have one prefix, and
// one key, the pointer, says which generation serves. Where none does, the
// projector fills the next one, and turns the pointer when everything in the log
// is in it. [Projector.Rebuild] does the same beside a serving one. The one before
// is kept until [Verify] has compared the new one with the log, or until the next
// Rebuild begins.
//
// A generation has the version of the models that filled it, the schema. It is
// derived from what the models write (schema.go): a change of a model needs no
// number to be raised, and makes the projector fill a new generation.
//
// # How to add
//
// A model: a file with the function, and a line in the list models (op.go). Then
// run
//
//	go test ./projections -run Models -update
//
// and read the difference in testdata/models, which shows what the models write
// for the sample of every type of event. Where the model treats two events of a
// type differently, add a variant (examples.go): a test finds the statements that
// no example reaches.
//
// A read: a script made by query and a method of [Reader], in the file of the
// model. A read that needs another key or value changes the model too.
//
// A verb: a constant and a row in verbs.go, and a random example in verbs_test.go.
//
// # Keys
//
// Relative to the generation; the record of a stream has the stream's name:
//
//	{tizilim}:serving, previous, building     numbers of generations
//	{tizilim}:lease:…, fence:…                who is active
//	{tizilim}:claim:<command>                 idempotency keys
//	rate:{tizilim}:limit:<class>:<caller>     how often somebody called
//	{tizilim}:withdrawn, damage, probe        why no generation serves; which key the last one lost; whether writes work
//	{tizilim}:quarantine:request, answer:…    what an operator asks of the projector
//	{tizilim}:g7:checkpoint                   position, last event, schema, number of keys
//	{tizilim}:g7:residence-<person>           …:history, …:cases, …:entries, …:notices,
//	                                          …:own_cases, …:leases, …:naming, …:accesses, …:facts
//	{tizilim}:g7:dwelling-<dwelling>          …:history
//	{tizilim}:g7:alike:<hash>, name:<hash>    persons by name and birth date, and by one word and birth date
//	{tizilim}:g7:number:<locator>             cases by number
//	{tizilim}:g7:places                       dwellings by KATO
//	{tizilim}:g7:case-<case>                  …:parties, …:documents, …:work, …:history
//	{tizilim}:g7:lists, opened:<body>         lists by body, settlement and title; those that a commission has opened
//	{tizilim}:g7:kept:<body>                  dwellings in the stock of a body
//	{tizilim}:g7:queue-<list>                 …:order, …:changes, …:placed, …:applications, …:entry:<entry>
//	{tizilim}:g7:account-<account>:acts, …:reads
//	{tizilim}:g7:unfinished, tasks, work:…, notices:…, circulars, erased, erasing, quarantine, held, released
//
// All keys carry the registry's name as their Redis Cluster hash tag. A batch and
// its checkpoint must be one atomic step, which Redis gives within one slot only.
// So one registry lives on one node of a cluster (with its replicas). A cluster
// can serve several registries, but not divide one.
//
// # Guarantees
//
//   - No wrong answer. Every read is one script that takes the pointer, the
//     checkpoint and the data in one step. An absent, emptied or half-filled
//     model is [domain.CodeModelNotReady], never "not found" and never a number.
//   - Every answer says up to which position of the log it holds (AsOf), and
//     [Reader.Await] waits for one.
//   - A model that is late is noticed. A subscription that has gone silent looks
//     like a log in which nothing happens. So a [Watch] compares the model with
//     the head that the leader of the event store names.
//   - An event that is delivered twice, a crash at any moment and a second
//     projector change nothing.
//   - One past. What a process has seen of the serving generation it demands of every
//     later read, in the step of the read. So a Redis that went back in time (a failover,
//     an older dump) is noticed by the next read, which waits until the projector has
//     applied again what is lost; the projector looks every 250 ms, also while the log is
//     at rest.
//   - A whole model. The checkpoint says how many keys its generation has, and the projector
//     counts them when it takes the lead, before a generation serves, and now and then.
//   - A model of this log. The checkpoint names its last event. Whoever takes the lead,
//     and the [Watch] of every process once a second, asks the log whether it has that
//     event, at that position. A log that went back, was replaced, or is that of another
//     registry does not have it: reads are [domain.CodeLogReplaced] at once; after a few
//     looks the generation is withdrawn (withdraw.go), a new one is filled, and
//     [Watch.Replaced] tells the process to begin anew.
//   - An emptied Redis is noticed within 250 ms, and filled again from the log.
//   - A key that Redis lost gives no wrong number and no false "not found". Registrations
//     are fields of their record. The keys of a list have a mark from its opening on, and
//     agree with each other; a history has its first event; of a record that is not found the
//     log is asked ([Watch.Confirm]). What does not agree is [domain.CodeModelNotReady],
//     and the generation is withdrawn and filled anew: once an hour for one kind of damage.
//   - A Redis that refuses writes (full, a replica, a disk that fails) is read as it
//     stands, and named by the [Watch].
//   - An event that cannot be decoded or projected is put in quarantine with
//     what follows in its stream; the record of that stream is held back from
//     readers, all others go on. [RetryQuarantine] and a Rebuild try again. An
//     event that is released in the log is skipped. What is applied late leaves the
//     model as if it had been applied in time, or is left for a Rebuild
//     (retry.go).
//   - No personal value is in Redis.
//
// # Limits
//
//   - Redis must not evict keys of its own accord: maxmemory-policy is
//     noeviction or volatile-… (of what is kept here only leases and claims
//     expire). With any other the projector does not work, and no reader with a [Watch]
//     answers; what was evicted by then is filled anew: count.go says how that
//     is noticed.
//   - Of the lists of a person's cases, entries, notices and documents no mark tells that
//     somebody deleted one by hand; the next count of the keys does, five minutes later at most.
//   - Scripts reach keys whose names they compute (all in the slot of those that
//     are declared). Redis and Redis Cluster allow that; a proxy that checks
//     declared keys does not.
//   - A replica that takes over may lack the last batches. The checkpoint goes
//     back with them and the projector applies them again; until then AsOf is
//     smaller than it was.
//   - The events of a stream in quarantine are also missing in the records of
//     other streams: a person whose events are held back may be missing among
//     the residents of a dwelling. [Status].Quarantined is then not 0.
//   - A retry reads the log twice from where the quarantine begins. The model does
//     not move meanwhile: reads are answered, and are as late as it takes.
//   - The embedded Redis sorts a whole list on every rank and every change:
//     see [Embedded].
package projections
