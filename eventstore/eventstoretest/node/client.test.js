// The published Node client against `tizilim eventstore`: what it appends (single
// and in batches), reads, subscribes to, deletes and tombstones behaves as with
// EventStoreDB. ADDRESS is the connection string of the node.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import {
  ANY, BACKWARDS, END, EventStoreDBClient, FORWARDS, NO_STREAM, START, STREAM_EXISTS,
  StreamDeletedError, StreamNotFoundError, WrongExpectedVersionError,
  eventTypeFilter, jsonEvent, binaryEvent, streamNameFilter,
} from "@eventstore/db-client";

const client = EventStoreDBClient.connectionString(process.env.ADDRESS);
const lenient = EventStoreDBClient.connectionString(process.env.ADDRESS + "&throwOnAppendFailure=false");
after(() => Promise.all([client.dispose(), lenient.dispose()]));

const name = (prefix) => `${prefix}-${randomUUID()}`;
const event = (n, type = "Counted") => jsonEvent({ type, data: { n }, metadata: { by: "node" } });
const collect = async (read) => {
  const events = [];
  for await (const resolved of read) events.push(resolved.event);
  return events;
};
const numbers = (events) => events.map((e) => e.data.n);

// The client appends in batches unless a call has credentials of its own; what it
// promises holds for both ways.
for (const [way, options] of [["batch", {}], ["single", { credentials: { username: "admin", password: "changeit" } }]]) {
  test(`${way}: an append is read back, with its metadata, in both directions`, async () => {
    const stream = name("counted");
    const result = await client.appendToStream(stream, [event(0), event(1), event(2)], { expectedRevision: NO_STREAM, ...options });
    assert.equal(result.success, true);
    assert.equal(result.nextExpectedRevision, 2n);
    const forwards = await collect(client.readStream(stream));
    assert.deepEqual(numbers(forwards), [0, 1, 2]);
    assert.deepEqual(forwards.map((e) => e.revision), [0n, 1n, 2n]);
    assert.deepEqual(forwards[0].metadata, { by: "node" });
    assert.equal(forwards[0].type, "Counted");
    assert.ok(Math.abs(new Date(forwards[0].created) - Date.now()) < 60_000, "created is now");
    assert.deepEqual(numbers(await collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 2 }))), [2, 1]);
    assert.deepEqual(numbers(await collect(client.readStream(stream, { fromRevision: 1n }))), [1, 2]);
  });

  test(`${way}: expected revisions are kept, and the refusal tells both`, async () => {
    const stream = name("counted");
    await client.appendToStream(stream, event(0), { expectedRevision: NO_STREAM, ...options });
    await assert.rejects(client.appendToStream(stream, event(1), { expectedRevision: NO_STREAM, ...options }), (error) => {
      assert.ok(error instanceof WrongExpectedVersionError, String(error));
      assert.equal(error.actualVersion, 0n);
      assert.equal(error.expectedVersion, NO_STREAM);
      return true;
    });
    await assert.rejects(client.appendToStream(stream, event(1), { expectedRevision: 7n, ...options }), WrongExpectedVersionError);
    const refused = await lenient.appendToStream(stream, event(1), { expectedRevision: 7n, ...options });
    assert.equal(refused.success, false);
    await client.appendToStream(stream, event(1), { expectedRevision: 0n, ...options });
    await client.appendToStream(stream, event(2), { expectedRevision: STREAM_EXISTS, ...options });
    await client.appendToStream(stream, event(3), { expectedRevision: ANY, ...options });
    assert.deepEqual(numbers(await collect(client.readStream(stream))), [0, 1, 2, 3]);
  });

  test(`${way}: a repeated append adds nothing`, async () => {
    const stream = name("counted");
    const same = [event(0), event(1)];
    const first = await client.appendToStream(stream, same, { expectedRevision: NO_STREAM, ...options });
    const again = await client.appendToStream(stream, same, { expectedRevision: NO_STREAM, ...options });
    assert.deepEqual(again.position, first.position);
    assert.equal((await collect(client.readStream(stream))).length, 2);
  });
}

test("many appends at once keep their order in each stream", async () => {
  const streams = [name("many"), name("many")];
  await Promise.all(Array.from({ length: 400 }, (_, n) => client.appendToStream(streams[n % 2], event(n))));
  for (const [i, stream] of streams.entries()) {
    const events = await collect(client.readStream(stream));
    assert.equal(events.length, 200);
    assert.deepEqual(new Set(numbers(events)), new Set(Array.from({ length: 200 }, (_, n) => 2 * n + i)));
  }
});

test("binary data is untouched", async () => {
  const stream = name("binary");
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  await client.appendToStream(stream, binaryEvent({ type: "Bytes", data: bytes }));
  const [read] = await collect(client.readStream(stream));
  assert.equal(read.isJson, false);
  assert.deepEqual(Uint8Array.from(read.data), bytes);
});

test("a missing stream is not found", async () => {
  await assert.rejects(collect(client.readStream(name("missing"))), StreamNotFoundError);
});

test("$all is read in order, from a position, filtered by prefix", async () => {
  const stream = name("all");
  await client.appendToStream(stream, [event(0), event(1), event(2)]);
  const mine = [];
  for await (const { event: e } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
    if (e?.streamId === stream) mine.push(e);
  }
  assert.deepEqual(numbers(mine), [0, 1, 2]);
  const after = [];
  for await (const { event: e } of client.readAll({ fromPosition: mine[1].position })) {
    if (e?.streamId === stream) after.push(e);
  }
  assert.deepEqual(numbers(after), [1, 2]);
});

test("a subscription to a stream catches up and goes live", async () => {
  const stream = name("live");
  await client.appendToStream(stream, [event(0), event(1)]);
  const subscription = client.subscribeToStream(stream, { fromRevision: START });
  const seen = [];
  for await (const { event: e } of subscription) {
    seen.push(e.data.n);
    if (seen.length === 2) await client.appendToStream(stream, [event(2), event(3)]);
    if (seen.length === 4) break;
  }
  await subscription.unsubscribe();
  assert.deepEqual(seen, [0, 1, 2, 3]);
});

for (const [what, filter, wanted] of [
  ["stream prefix", (tag) => streamNameFilter({ prefixes: [`${tag}a`] }), [0, 2]],
  ["stream regex", (tag) => streamNameFilter({ regex: `^${tag}b-` }), [1, 3]],
  ["type prefix", (tag) => eventTypeFilter({ prefixes: [`${tag}T`] }), [0, 1]],
  ["type regex", (tag) => eventTypeFilter({ regex: `^${tag}U$` }), [2, 3]],
]) {
  test(`a subscription to $all filters by ${what}`, async () => {
    const tag = "f" + randomUUID().replaceAll("-", "");
    const a = `${tag}a-1`, b = `${tag}b-1`;
    const subscription = client.subscribeToAll({ fromPosition: START, filter: filter(tag) });
    await client.appendToStream(a, event(0, `${tag}T`));
    await client.appendToStream(b, event(1, `${tag}T`));
    await client.appendToStream(a, event(2, `${tag}U`));
    await client.appendToStream(b, event(3, `${tag}U`));
    const seen = [];
    for await (const { event: e } of subscription) {
      seen.push(e.data.n);
      if (seen.length === wanted.length) break;
    }
    await subscription.unsubscribe();
    assert.deepEqual(seen, wanted);
  });
}

test("a filtered subscription reports checkpoints", async () => {
  const tag = name("quiet");
  const reached = [];
  const subscription = client.subscribeToAll({
    fromPosition: START,
    filter: streamNameFilter({ prefixes: [tag], maxSearchWindow: 32, checkpointInterval: 1, checkpointReached: async (_, position) => { reached.push(position); } }),
  });
  const noise = name("noise");
  for (let n = 0; n < 10; n++) await client.appendToStream(noise, Array.from({ length: 20 }, (_, i) => event(i)));
  await client.appendToStream(`${tag}-1`, event(0));
  for await (const { event: e } of subscription) {
    assert.equal(e.streamId, `${tag}-1`);
    break;
  }
  await subscription.unsubscribe();
  assert.ok(reached.length > 0, "no checkpoint");
  for (let i = 1; i < reached.length; i++) assert.ok(reached[i].commit >= reached[i - 1].commit, "checkpoints rise");
});

test("a deleted stream is not found, and its revisions go on", async () => {
  const stream = name("deleted");
  await client.appendToStream(stream, [event(0), event(1)]);
  await client.deleteStream(stream, { expectedRevision: 1n });
  await assert.rejects(collect(client.readStream(stream)), StreamNotFoundError);
  await client.appendToStream(stream, event(2));
  const events = await collect(client.readStream(stream));
  assert.deepEqual(events.map((e) => e.revision), [2n]);
});

test("a tombstoned stream is gone for good", async () => {
  const stream = name("tombstoned");
  await client.appendToStream(stream, event(0));
  await client.tombstoneStream(stream, { expectedRevision: 0n });
  await assert.rejects(collect(client.readStream(stream)), StreamDeletedError);
  await assert.rejects(client.appendToStream(stream, event(1)), StreamDeletedError);
});

test("stream metadata is kept and obeyed", async () => {
  const stream = name("short");
  await client.setStreamMetadata(stream, { maxCount: 2, owner: "node" });
  await client.appendToStream(stream, [event(0), event(1), event(2)]);
  assert.deepEqual(numbers(await collect(client.readStream(stream))), [1, 2]);
  const { metadata } = await client.getStreamMetadata(stream);
  assert.equal(metadata.maxCount, 2);
  assert.equal(metadata.owner, "node");
});
