// What the published Node client promises when the node, the client or a call ends
// with work in flight. Each test has a node of its own: TIZILIM is the binary.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";
import { test } from "node:test";
import { EventStoreDBClient, START, jsonEvent } from "@eventstore/db-client";
import { Server } from "./server.js";

const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js");
const { StreamsClient } = require("@eventstore/db-client/generated/streams_grpc_pb.js");
const { BatchAppendReq } = require("@eventstore/db-client/generated/streams_pb.js");
const { Empty, StreamIdentifier, UUID } = require("@eventstore/db-client/generated/shared_pb.js");

const bounded = { timeout: 60_000 };
const event = (n) => jsonEvent({ type: "Counted", data: { n } });
const ids = async (client, stream) => {
  const list = [];
  for await (const { event: e } of client.readStream(stream)) list.push(e.id);
  return list;
};
const connect = (t, server) => {
  const client = EventStoreDBClient.connectionString(server.address);
  t.after(() => client.dispose());
  return client;
};

// insist repeats an append until it is answered, as a program does whose node comes
// back. The ids stay, so nothing is written twice.
async function insist(client, stream, events) {
  for (;;) {
    try {
      return await client.appendToStream(stream, events);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50)); // the client is connecting
    }
  }
}

test("a client finds the node again after a restart, for appends and reads", bounded, async (t) => {
  const server = await Server.start(t);
  const client = connect(t, server);
  const events = [event(0), event(1), event(2)];
  await client.appendToStream("s", events[0]);
  for (const [signal, e] of [["SIGTERM", events[1]], ["SIGKILL", events[2]]]) {
    await server.end(signal);
    await assert.rejects(client.appendToStream("s", e), Error, "nobody is there");
    await server.start();
    await insist(client, "s", e);
  }
  assert.deepEqual(await ids(client, "s"), events.map((e) => e.id));
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`${signal} in the middle of a flood loses nothing that was answered`, bounded, async (t) => {
    const server = await Server.start(t);
    const client = connect(t, server);
    const events = Array.from({ length: 3000 }, (_, n) => event(n));
    const answered = new Set();
    const outcomes = Promise.allSettled(events.map(async (e) => {
      await client.appendToStream("s", e);
      answered.add(e.id);
      if (answered.size === 300) await server.end(signal);
    }));
    const settled = await outcomes;
    assert.ok(settled.some((o) => o.status === "fulfilled"), "the node ended before any answer");
    await server.start();

    const after = connect(t, server);
    const kept = await ids(after, "s");
    assert.equal(new Set(kept).size, kept.length, "an event is there twice");
    for (const id of answered) assert.ok(kept.includes(id), "an answered event is missing");
    // Whatever became of the rest: a repetition makes it be there once.
    await Promise.all(events.map((e) => insist(after, "s", e)));
    assert.deepEqual((await ids(after, "s")).toSorted(), events.map((e) => e.id).toSorted());
  });
}

// Few enough for all to be on their way: what the client itself still holds back
// when it is disposed of, it rejects where nobody can catch it.
test("a client that is disposed of with work in flight settles all of it", bounded, async (t) => {
  const server = await Server.start(t);
  const client = EventStoreDBClient.connectionString(server.address);
  await client.appendToStream("s", event(-1)); // connected
  const answered = [];
  const appends = Array.from({ length: 8 }, async (_, n) => {
    const e = event(n);
    await client.appendToStream("s", e);
    answered.push(e.id);
  });
  const outcomes = Promise.allSettled(appends);
  await new Promise((resolve) => setImmediate(resolve)); // they are sent
  await client.dispose();
  assert.equal((await outcomes).length, 8);

  const after = connect(t, server);
  const kept = await ids(after, "s");
  for (const id of answered) assert.ok(kept.includes(id), "an answered event is missing");
  await after.appendToStream("s", event(8));
});

// part is an append in one part, by the protocol itself.
function part(stream) {
  const [identifier, options, message, request] =
    [new StreamIdentifier(), new BatchAppendReq.Options(), new BatchAppendReq.ProposedMessage(), new BatchAppendReq()];
  const id = () => { const u = new UUID(); u.setString(randomUUID()); return u; };
  identifier.setStreamName(Buffer.from(stream).toString("base64"));
  options.setStreamIdentifier(identifier);
  options.setAny(new Empty());
  message.setId(id());
  message.getMetadataMap().set("type", "Counted").set("content-type", "application/json");
  message.setData(Buffer.from("{}").toString("base64"));
  request.setCorrelationId(id());
  request.setOptions(options);
  request.addProposedMessages(message);
  request.setIsFinal(true);
  return request;
}

test("a batch that is half closed gets all its answers, then the end; nothing is written after it", bounded, async (t) => {
  const server = await Server.start(t);
  const stub = new StreamsClient(server.listen, grpc.credentials.createInsecure());
  t.after(() => stub.close());
  const call = stub.batchAppend();
  let answers = 0;
  call.on("data", (answer) => {
    assert.ok(answer.hasSuccess(), String(answer));
    answers++;
  });
  for (let n = 0; n < 200; n++) call.write(part("s"));
  const ended = once(call, "end");
  call.end();
  await ended;
  assert.equal(answers, 200);
  const refused = await new Promise((resolve) => call.write(part("s"), resolve));
  assert.equal(refused?.code, "ERR_STREAM_WRITE_AFTER_END");
  // The node is not the worse for it, nor is another call of the same connection.
  const next = stub.batchAppend();
  const answer = once(next, "data");
  next.write(part("s"));
  assert.ok((await answer)[0].hasSuccess());
  next.end();
  await once(next, "end");
  assert.equal((await ids(connect(t, server), "s")).length, 201);
});
