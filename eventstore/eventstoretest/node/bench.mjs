// How many appends a second the published Node client gets from the node at ADDRESS,
// one call each (unary) and through its one BatchAppend call, in turns, with IN_FLIGHT
// under way. It prints both rates, their ratio, and how often the node synced its disk
// where it says so on /metrics. It measures; it does not judge.
import { randomUUID } from "node:crypto";
import { EventStoreDBClient, binaryEvent } from "@eventstore/db-client";

const setting = (name, otherwise) => Number(process.env[name] ?? otherwise);
const appends = setting("APPENDS", 4000); // of each kind in each round
const rounds = setting("ROUNDS", 5);
const inFlight = setting("IN_FLIGHT", 64);
const size = setting("SIZE", 256); // bytes of data an event
const flood = setting("FLOOD", 10_000); // appends of 1 kB at once, 0 for none

const client = EventStoreDBClient.connectionString(process.env.ADDRESS);
const event = (bytes) => binaryEvent({ type: "Measured", data: new Uint8Array(bytes) });
// Credentials of its own make the client leave the batch.
const ways = { unary: { credentials: { username: "admin", password: "changeit" } }, batch: {} };

// syncs is how often the node has synced its log, NaN where it does not tell.
async function syncs() {
  const address = new URL(process.env.ADDRESS);
  const scheme = address.searchParams.get("tls") === "false" ? "http" : "https";
  try {
    const response = await fetch(`${scheme}://${address.host}/metrics`);
    const line = /^tizilim_eventstore_log_syncs_total (\S+)$/m.exec(await response.text());
    return Number(line?.[1]);
  } catch {
    return NaN;
  }
}

async function run(options, count) {
  const stream = `bench-${randomUUID()}`;
  const [began, synced] = [performance.now(), await syncs()];
  let next = 0;
  await Promise.all(Array.from({ length: inFlight }, async (_, writer) => {
    while (next++ < count) await client.appendToStream(`${stream}-${writer}`, event(size), options);
  }));
  const seconds = (performance.now() - began) / 1000;
  return { rate: count / seconds, syncs: ((await syncs()) - synced) / count };
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

for (const options of Object.values(ways)) await run(options, 500); // warm
const results = { unary: [], batch: [] };
for (let round = 0; round < rounds; round++) {
  for (const [way, options] of Object.entries(ways)) results[way].push(await run(options, appends));
}
for (const [way, list] of Object.entries(results)) {
  const rates = list.map((r) => r.rate);
  const range = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
  console.log(`${way}: ${median(rates).toFixed(0)} appends/s (${range}), ${median(list.map((r) => r.syncs)).toFixed(3)} syncs an append`);
}
const ratios = results.unary.map((unary, round) => results.batch[round].rate / unary.rate);
console.log(`batch / unary: ${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(2)).join(" ")})`);

if (flood > 0) {
  const began = performance.now();
  const stream = `flood-${randomUUID()}`;
  const outcomes = await Promise.allSettled(Array.from({ length: flood }, () => client.appendToStream(stream, event(1024))));
  const refused = outcomes.filter((o) => o.status === "rejected");
  const seconds = ((performance.now() - began) / 1000).toFixed(2);
  console.log(`flood of ${flood} × 1 kB: ${seconds} s, ${refused.length} errors ${refused[0]?.reason ?? ""}`);
}
await client.dispose();
