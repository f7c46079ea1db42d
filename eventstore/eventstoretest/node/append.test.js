// What the published Node client promises of appends that are refused, large or many.
// ADDRESS is the connection string of the node.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import {
  AccessDeniedError, EventStoreDBClient, MaxAppendSizeExceededError, NO_STREAM, STREAM_EXISTS,
  StreamDeletedError, StreamNotFoundError, WrongExpectedVersionError, binaryEvent,
} from "@eventstore/db-client";

const client = EventStoreDBClient.connectionString(process.env.ADDRESS);
after(() => client.dispose());

const limit = 1 << 20; // of the events of an append, in bytes
const name = (prefix) => `${prefix}-${randomUUID()}`;
const event = (bytes) => binaryEvent({ type: "Sized", data: new Uint8Array(bytes) });
const collect = async (read) => {
  const events = [];
  for await (const resolved of read) events.push(resolved.event);
  return events;
};
const bounded = { timeout: 60_000 };

// The client appends in batches unless a call has credentials of its own.
for (const [way, options] of [["batch", {}], ["single", { credentials: { username: "admin", password: "changeit" } }]]) {
  const goesOn = async () => {
    const result = await client.appendToStream(name("after"), event(1), { expectedRevision: NO_STREAM, ...options });
    assert.equal(result.nextExpectedRevision, 0n);
  };

  test(`${way}: an append over the limit is refused with the limit`, bounded, async () => {
    const stream = name("oversize");
    for (const events of [event(limit), Array.from({ length: 3 }, () => event(limit / 2))]) {
      await assert.rejects(client.appendToStream(stream, events, options), (error) => {
        assert.ok(error instanceof MaxAppendSizeExceededError, String(error));
        assert.equal(Number(error.maxAppendSize), limit);
        return true;
      });
    }
    await assert.rejects(collect(client.readStream(stream)), StreamNotFoundError);
    await goesOn();
  });

  test(`${way}: each refusal has its class, and the next append is not refused`, bounded, async () => {
    const [stream, gone] = [name("there"), name("gone")];
    await client.appendToStream(stream, event(1));
    await client.tombstoneStream(gone);
    const refusals = [
      [stream, { expectedRevision: NO_STREAM }, WrongExpectedVersionError],
      [stream, { expectedRevision: 9223372036854775807n }, WrongExpectedVersionError],
      [name("absent"), { expectedRevision: STREAM_EXISTS }, WrongExpectedVersionError],
      [gone, {}, StreamDeletedError],
      ["$all", {}, AccessDeniedError],
    ];
    for (const [to, expected, error] of refusals) {
      await assert.rejects(client.appendToStream(to, event(1), { ...expected, ...options }), error, to);
    }
    // All at once, with good ones between.
    const outcomes = await Promise.allSettled(refusals.flatMap(([to, expected]) => [
      client.appendToStream(to, event(1), { ...expected, ...options }), goesOn(),
    ]));
    for (const [i, [to, , error]] of refusals.entries()) {
      assert.ok(outcomes[2 * i].reason instanceof error, `${to}: ${outcomes[2 * i].reason}`);
      assert.equal(outcomes[2 * i + 1].status, "fulfilled");
    }
  });
}

test("batch: an append is sent in parts, and written as one", bounded, async () => {
  const stream = name("parts");
  const sizes = Array.from({ length: 12 }, (_, n) => 40_000 + n);
  const result = await client.appendToStream(stream, sizes.map(event), { expectedRevision: NO_STREAM, batchAppendSize: 100_000 });
  assert.equal(result.nextExpectedRevision, 11n);
  assert.deepEqual((await collect(client.readStream(stream))).map((e) => e.data.length), sizes);
});

test("batch: a later part that is too large is refused, and writes nothing", bounded, async () => {
  const stream = name("parts");
  const events = Array.from({ length: 12 }, () => event(100_000));
  await assert.rejects(client.appendToStream(stream, events, { batchAppendSize: 250_000 }), MaxAppendSizeExceededError);
  await assert.rejects(collect(client.readStream(stream)), StreamNotFoundError);
  await client.appendToStream(stream, event(1));
});

test("batch: a flood of 10,000 appends of 1 kB is taken without an error", bounded, async () => {
  const stream = name("flood");
  const events = Array.from({ length: 10_000 }, () => event(1024));
  const results = await Promise.all(events.map((e) => client.appendToStream(stream, e)));
  assert.deepEqual(results.map((r) => r.nextExpectedRevision), events.map((_, n) => BigInt(n)));
  assert.deepEqual((await collect(client.readStream(stream))).map((e) => e.id), events.map((e) => e.id));
});
