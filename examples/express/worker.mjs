// Sends the conversions that are due: take, send, say how that went. Run as many as you like.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AsyncGate } from "consentgate";
import { openStores } from "./stores.mjs";

const { GATE_CONFIG, CONVERSIONS_URL } = process.env;
const configPath = GATE_CONFIG ?? new URL("../config.json", import.meta.url);
const config = JSON.parse(readFileSync(configPath, "utf8"));
const once = process.argv.includes("--once");
const { stores, close } = openStores();
const gate = new AsyncGate(config, stores);

/** `sent`; `failed` if it will never be taken; `retry` if it may be later. */
async function send({ callId, body }) {
  if (CONVERSIONS_URL === undefined) {
    console.log(`conversion of call ${callId}`);
    return "sent";
  }
  try {
    const response = await fetch(CONVERSIONS_URL, {
      method: "POST",
      // The id of the call lets the receiver see a conversion that comes twice.
      headers: { "idempotency-key": callId, "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) return "sent";
    // Too early, too many: such a client error ends by itself.
    const passes = response.status >= 500 || [408, 425, 429].includes(response.status);
    return passes ? "retry" : "failed";
  } catch {
    return "retry";
  }
}

/** What is not told is sent again. */
async function finish(job, result) {
  for (const pauseMs of [1000, 2000, 4000, 0]) {
    const { outcome } = await gate.finishConversion(job, result);
    if (outcome !== "unavailable") return;
    await sleep(pauseMs);
  }
}

/** One round over all sites; how many conversions left the queue, sent or cancelled. */
async function work() {
  let taken = 0;
  for (const site of Object.keys(config.sites)) {
    // Few enough that all are sent within their lease, should each take its longest.
    const { conversions, cancelled, outcome, reason } = await gate.takeConversions(site, 20);
    if (outcome === "unavailable") console.error(`take: ${reason}`);
    taken += cancelled;
    for (const job of conversions) {
      await finish(job, await send(job));
      taken += 1;
    }
  }
  return taken;
}

for (;;) {
  const taken = await work();
  await gate.purge(1000);
  if (taken > 0) continue;
  if (once) break;
  await sleep(5000);
}
await gate.close();
await close();
