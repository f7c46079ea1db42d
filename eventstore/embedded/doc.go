// Package embedded is a durable event store in one directory. It serves the
// EventStoreDB gRPC protocol, so that the official clients use it like an
// EventStoreDB node of version 24.10. To move to EventStoreDB, change the
// connection string.
//
//	node, err := embedded.Open("data/events")
//	if err != nil {
//		return err
//	}
//	defer node.Close()
//	if err := node.Start("127.0.0.1:2113"); err != nil {
//		return err
//	}
//	config, err := esdb.ParseConnectionString(node.ConnectionString())
//
// # Guarantees
//
// An append is answered after its events are synced to the disk. Appends that
// wait at the same time share an fsync. Readers see only synced events.
//
// A process that is killed at any moment loses nothing that was answered. An
// append that was interrupted is stored as a whole or not at all, and its retry
// is idempotent. Positions rise strictly and are never used twice, also across
// restarts. Writes are decided one after another, so concurrent clients see a
// linearizable store.
//
// Checksums find damage of the disk when the data are read. The exception is
// the last 32 KiB of the write-ahead log: damage there looks like a power
// failure during a write, and is cut off. A read or an append that needs a
// damaged block fails with DataLoss, which names the file; other streams go on.
// [Node.Check] names the events. A store whose write-ahead log or manifest is
// damaged does not open.
//
// # Full, slow and failing disks
//
// Appends are refused before the disk is full: 64 MiB must be free, which the
// engine may need for its own files. An append that finds no room all the same
// waits, and is stored when there is room. Meanwhile appends are refused with
// ResourceExhausted ("Disk Full: …"), and reads go on. Appends that change
// nothing, such as the repetition of an answered one, are answered as ever.
//
// If the disk refuses a write for another reason, or a sync fails, no more
// writes reach it: its content is unknown until it is read again. The engine is
// abandoned, and another one is opened when the disk works, first after half a
// second, then after at most 30. Meanwhile appends are refused with
// FailedPrecondition ("Disk Failed: …"), and reads go on with what was synced.
// Whether a refused append was stored is unknown; its retry tells. An abandoned
// engine keeps its tables in memory until the process ends.
//
// If the files of the directory are replaced or removed while the store is open, appends are refused
// with FailedPrecondition ("Files Replaced: …") until they are back or the process starts anew. No
// append is acknowledged that went into a file which the directory does not name any more, and no
// table of other files is read.
//
// A store on a disk that is full or read-only when it is opened is read, and
// takes appends as soon as the disk does. A slow disk holds appends, up to their
// deadlines, and no reads. The log tells each of these once a minute at most.
//
// [Look], [Check] and [ReadStats] change no file.
//
// # Costs
//
// A start replays at most two tables of 16 MiB. Reading one event of a stream
// costs the same at any revision. Memory is bounded, also with many streams or
// slow subscribers, by the sum of
//
//   - the block cache and two tables;
//   - one append of each call, and 16 MiB of appends that wait for the disk;
//   - 64 MiB of unfinished appends for each BatchAppend call;
//   - three pages of 256 KiB and one event for each reader: the one that is
//     sent, the next one, and the one that gRPC still holds.
//
// Deleted, truncated and expired events are hidden from the readers of their
// stream. They stay in $all and on the disk until a scavenge removes them.
//
// # Scavenge
//
// [Node.Scavenge], and tizilim eventstore scavenge, remove the same events as
// the server's scavenge: those that $maxCount, $maxAge, $tb or a soft delete
// hides, replaced stream metadata, and all events of tombstoned streams and of
// their metadata. They keep the last event of a stream, even a hidden one, and
// tombstones. The other events keep their revisions and positions.
//
// A scavenge works while the store is served. It removes batches of 512 events,
// each synced and removed as a whole, so that an append waits for one batch at
// most. After a scavenge that was stopped or killed, the next one goes on. At
// its end it compacts the files, which needs free space up to the size of the
// store. A check distinguishes the gaps of scavenges from damage.
//
// Where nothing was deleted or truncated and no metadata was replaced, a
// scavenge changes nothing. The registry deletes no event.
//
// # Stores of earlier versions
//
// They can be opened. An earlier version obeyed the valid members of malformed
// stream metadata; this version ignores such metadata, so that the events that
// it hid are visible again. Earlier versions refuse a store that was scavenged,
// and cannot read a stream with metadata that this version has changed.
//
// # Behaviour
//
//	request                    behaviour
//	-------------------------  ------------------------------------------------
//	Append                     Any, NoStream, StreamExists, exact revision; all
//	                           events of a call or none; answers the position of
//	                           the last event; wrong-expected-version answer in
//	                           both generations of fields
//	  repeated                 recognised by event id in the whole stream, except
//	                           scavenged events (the server forgets ids sent with
//	                           Any). If all events exist, the answer is that of
//	                           the first time; if only some exist, it is a wrong
//	                           expected version. The order of the events counts
//	                           at an exact revision and NoStream only
//	  without events           checks the expected revision, writes nothing,
//	                           answers the position of the last event of the log
//	  over 1 MiB               InvalidArgument, maximum-append-size-exceeded
//	  to a deleted stream      undeletes it from the next revision on; with
//	                           StreamExists FailedPrecondition, stream-deleted
//	  to a tombstoned stream   FailedPrecondition, stream-deleted
//	  to $all                  PermissionDenied, access-denied
//	  to $$$$…                 InvalidArgument: metadata has no metadata
//	BatchAppend                as Append, answered by correlation id; errors are
//	                           a status with details and the stream, also for a
//	                           later part; deadlines up to 2 s, from the first
//	                           part to the decision; BadRequest for a missing or
//	                           bad correlation id, and for a part by which the
//	                           unfinished appends of a call exceed 64 MiB
//	Read of a stream           both directions, from start, end or a revision
//	                           inclusive, any count from 1; stream-not-found
//	                           message; first and last position messages for
//	                           clients of compatibility 1, the first one also if
//	                           the whole stream is hidden; count 0 is an
//	                           InvalidArgument
//	  tombstoned               FailedPrecondition, stream-deleted
//	Read of $all               forwards from a position inclusive, backwards
//	                           exclusive; filtered or not; a position beyond the
//	                           end counts as the end, one inside of an event is
//	                           an InvalidArgument; the position of a scavenged
//	                           event is valid
//	Subscription to a stream   after a revision, from start or end; ends with
//	                           stream-deleted after the tombstone and after any
//	                           other event of type $streamDeleted
//	Subscription to $all       after a position, from start or end; filtered ones
//	                           get checkpoints with the time after each
//	                           multiplier × window scanned events, and when they
//	                           have caught up; a position inside of an event is
//	                           an InvalidArgument after the confirmation
//	  caught up                with time, and revision or position, when all is
//	                           sent; again if more than a page (on the server 32
//	                           events) came faster than the client received.
//	                           Everything is delivered (the server up to 23.10
//	                           ends the subscription); no version sends
//	                           fell-behind
//	  from past the end        caught up, then silent up to that position
//	Filters                    stream or type, any of some prefixes or one regex
//	                           in RE2 syntax: lookaround and backreferences are
//	                           an InvalidArgument, since they can take
//	                           exponential time; without prefixes nothing matches
//	Links ($>)                 resolved on request; without a visible target the
//	                           link comes without event
//	Delete                     hides the events of a stream; if it does not
//	                           exist, wrong-expected-version
//	Tombstone                  ends a stream, also one that does not exist
//	  either of $$…            InvalidArgument
//	Stream metadata ($$s)      $maxCount, $maxAge, $tb hide events from readers
//	                           of the stream; $acl, $cacheControl and all other
//	                           members are stored, and have no effect
//	  malformed                ignored as a whole if a known member is malformed
//	                           or the event is not flagged as JSON
//	$metadata, $streamDeleted  are events in $all as on the server; other system
//	                           events of the server ($stats, $users, …) do not
//	                           exist here
//	ServerFeatures             version 24.10.14 and its 33 methods, also those
//	                           that the node lacks, so that clients call them
//	                           and show the sentence of the node
//	Gossip                     one leader, at the address that the client reached
//	Persistent subscriptions,  Unimplemented, with a sentence
//	projections, users,
//	operations, monitoring,
//	redaction
//	HTTP/1 on the same port    /health/live (204), /ping, /info, /gossip; /stats
//	                           and /metrics (Prometheus), which need the
//	                           credentials of the node. No streams over HTTP
//	anything malformed         InvalidArgument, with a sentence
//
// # Intended differences from the server
//
//	what                       server 24.10                here, and why
//	-------------------------  --------------------------  --------------------
//	an event id in two         with Any, a retry in the    a retry is recognised
//	streams                    first is appended again:    in its stream: nothing
//	                           there is one cache of ids   is stored twice
//	ids sent with Any          forgotten after some time,  never forgotten
//	                           and by another leader
//	delete or tombstone        done; a 23.10 server stops  InvalidArgument: set
//	of $$…                     at every start afterwards   the metadata again
//	unfinished appends of a    unbounded                   64 MiB: a client must
//	BatchAppend call                                       not exhaust the node
//	BatchAppend with a bad     the call ends if the part   BadRequest, and the
//	correlation id or part     has no options              call goes on
//	a read of 0 events         of $all never answered      InvalidArgument
//	retry with Any, in         may never be answered       answered as the first
//	another order                                          time, see Append
//	stream names that are      HTTP 500, or no answer      any UTF-8
//	not ASCII
//	read right after an        "not found" in 4 of 100     the stream: an
//	undelete                   cases                       answered append can
//	                                                       be read
//	HTTP/1 over TLS            also HTTP/2                 offered first: HTTP/2
//	                                                       is for gRPC only
//
// A stream name is any UTF-8 of up to 4096 bytes. gRPC itself refuses a message
// over 16 MiB with ResourceExhausted.
package embedded
