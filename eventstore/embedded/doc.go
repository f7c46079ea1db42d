// Package embedded is a durable event store on one directory that speaks the
// EventStoreDB gRPC protocol, so that the official clients use it as they use
// an EventStoreDB node of version 24.10. Who outgrows it changes a connection
// string.
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
// # What it guarantees
//
// An append is answered after its events are on the disk: one fsync, shared by
// the appends that wait for it. Readers are only shown what an fsync has made
// safe. A process killed at any moment loses nothing that was answered; an
// append that was cut off is there as a whole or not at all, and repeating it
// makes it be there once. Positions rise strictly and are never used twice,
// also across restarts. Writes are decided one after another, so that what
// concurrent clients see is linearizable.
//
// What the disk itself loses or changes later is found by checksums when it is
// read. Only damage within the last 32 KiB of the write-ahead log looks like a
// write that was torn by a power failure, and is cut off as one. If the disk
// refuses a write the process ends by a panic, because what is on the disk is
// then unknown until a restart has read it.
//
// # What it costs
//
// A start replays at most two tables of 16 MiB, whatever the number of events.
// Memory is bounded by the block cache, those tables, the appends under way
// (one of each call, each within the limit of an append, and 16 MiB of those
// that wait for the disk; 64 MiB of unfinished ones of a BatchAppend call) and
// three pages of a reader (256 KiB and one event each: the one being sent, the
// next, and what gRPC has not yet let go of), whatever the number of streams or
// the slowness of subscribers.
// Reading one event of a stream costs the same at any revision. Deleted,
// truncated and aged events are hidden from the readers of their stream, and
// remain in $all and on the disk until a scavenge removes them.
//
// # What a scavenge removes
//
// [Node.Scavenge], and tizilim eventstore scavenge, remove what the server's
// scavenge does: events hidden by $maxCount, $maxAge, $tb or a soft deletion,
// metadata that newer one has replaced, all events of tombstoned streams and
// their metadata. The last event of a stream stays even if it is hidden, and so
// does a tombstone. What stays keeps its revision and position. It works while
// the store is served, in batches of 512 events, each decided in the committer's
// place, synced, and gone whole or not at all: an append waits for one batch at
// most, and what a scavenge that was stopped or killed did not come to, the next
// one does. At its end it compacts the files, for which it needs free space of
// up to the size of the store. A check tells the holes that scavenges made from
// damage.
//
// Where nothing was deleted, truncated or described anew, it touches nothing. So
// it is with the registry, which never deletes an event.
//
// # Stores of earlier versions
//
// They are opened as they are. What malformed stream metadata hid under a
// version that obeyed its sound members is shown again: such metadata is read
// anew, as void. Earlier versions refuse a store that was scavenged, and fail to
// read a stream that this version wrote to or described, if it has metadata.
//
// # What it does
//
//	request                    behaviour
//	-------------------------  ------------------------------------------------
//	Append                     Any, NoStream, StreamExists, exact revision; all
//	                           events of a call or none; answers the position of
//	                           the last event; wrong-expected-version answer in
//	                           both generations of fields
//	  repeated                 by event id, as far back as the stream goes (the
//	                           server forgets ids sent with Any in time) and is
//	                           not scavenged: all events there answers as the
//	                           first time; only the first ones there is a wrong
//	                           expected version. At an exact revision or NoStream
//	                           the order counts; with Any and StreamExists it
//	                           does not
//	  without events           checks the expectation, writes nothing, answers
//	                           the position of the last event of the log
//	  over 1 MiB               InvalidArgument, maximum-append-size-exceeded
//	  to a deleted stream      begins its new life at the next revision; with
//	                           StreamExists FailedPrecondition, stream-deleted
//	  to a tombstoned stream   FailedPrecondition, stream-deleted
//	  to $all                  PermissionDenied, access-denied
//	  to $$$$…                 InvalidArgument: metadata has no metadata
//	BatchAppend                as Append, answered by correlation id, errors as
//	                           status with details and the stream, also of a
//	                           later part; deadlines up to 2 s, for sending the
//	                           append whole and for its turn; BadRequest for a
//	                           missing or bad correlation id, and for what makes
//	                           the unfinished appends of a call hold more than
//	                           64 MiB
//	Read of a stream           both directions, from start, end or a revision
//	                           inclusive, any count from 1; stream-not-found
//	                           message; first and last position messages for
//	                           clients of compatibility 1, the first also where
//	                           the whole stream is hidden; count 0 is an
//	                           InvalidArgument
//	  tombstoned               FailedPrecondition, stream-deleted
//	Read of $all               forwards from a position inclusive, backwards
//	                           exclusive; filtered or not; a position beyond the
//	                           end counts as the end, one inside of an event is
//	                           an InvalidArgument; one of an event that was
//	                           scavenged is good
//	Subscription to a stream   after a revision, from start or end; ends with
//	                           stream-deleted after the tombstone, or any other
//	                           event of its type, $streamDeleted
//	Subscription to $all       after a position, from start or end; filtered ones
//	                           get checkpoints with the time every multiplier ×
//	                           window events passed over, and on catching up; a
//	                           position inside of an event is an InvalidArgument
//	                           after the confirmation
//	  caught up                with time, and revision or position, once all is
//	                           sent; again where more than a page (on the server
//	                           32 events) came faster than the client received.
//	                           All of it is delivered (the server up to 23.10
//	                           ends the subscription), and fell-behind is said by
//	                           no version
//	  from past the end        caught up, then silent up to there
//	Filters                    stream or type, any of some prefixes or one regex
//	                           in RE2 syntax: lookaround and backreferences are
//	                           an InvalidArgument, since they can take
//	                           exponential time; without prefixes nothing matches
//	Links ($>)                 followed when asked; dangling ones without event
//	Delete                     hides the events of a stream; of a stream that
//	                           never was, wrong-expected-version
//	Tombstone                  ends a stream, also one that never was
//	  either of $$…            InvalidArgument
//	Stream metadata ($$s)      $maxCount, $maxAge, $tb hide events from readers
//	                           of the stream; $acl, $cacheControl and whatever
//	                           else are kept and given back, and do nothing
//	  malformed                void as a whole if a known member is malformed,
//	                           or the event is not flagged as JSON
//	$metadata, $streamDeleted  are events in $all as on the server; other system
//	                           events of the server ($stats, $users, …) do not
//	                           exist here
//	ServerFeatures             version 24.10.14 and its 33 methods, also those
//	                           that are not here: so clients ask, and show the
//	                           node's sentence
//	Gossip                     one leader, at the address that the client reached
//	Persistent subscriptions,  Unimplemented, with a sentence
//	projections, users,
//	operations, monitoring,
//	redaction
//	HTTP/1 on the same port    /health/live (204), /ping, /info, /gossip; with
//	                           credentials where the node has them /stats and
//	                           /metrics (Prometheus). No streams over HTTP
//	anything malformed         InvalidArgument, with a sentence
//
// # Where it differs from the server on purpose
//
//	what                       server 24.10                here, and why
//	-------------------------  --------------------------  --------------------
//	an event id known in two   with Any, a repetition in   a repetition is known
//	streams                    the first is appended       by its stream: nothing
//	                           again: one cache of ids     is stored twice
//	ids sent with Any          forgotten in time, and by   never forgotten
//	                           another leader
//	delete or tombstone        done; a 23.10 server stops  InvalidArgument: set
//	of $$…                     on it at every start        the metadata anew
//	unfinished appends of a    unbounded                   64 MiB: a client must
//	BatchAppend call                                       not exhaust the node
//	BatchAppend with a bad     the call ends if the part   BadRequest, and the
//	correlation id or part     has no options              call goes on
//	a read of no events        of $all never answered      InvalidArgument
//	repetition with Any, in    may never be answered       answered as the first
//	another order                                          time: as Append says
//	stream names that are      HTTP 500, or no answer      any UTF-8
//	not ASCII
//	read right after a new     "not found" in 4 of 100     the stream: an append
//	life of a stream began                                 is read as it is
//	                                                       answered
//	HTTP/1 over TLS            also HTTP/2                 offered first, since
//	                                                       HTTP/2 is gRPC's alone
//
// Stream names are any UTF-8 up to 4096 bytes. A message over 16 MiB is refused
// by gRPC itself with ResourceExhausted.
package embedded
