// A small backend behind the gate; metrics are on a listener of their own.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { AsyncGate, verify } from "consentgate";
import {
  readBody,
  receive,
  receiveDevice,
  receiveSync,
  respond,
} from "consentgate/express";
import express from "express";
import { openStores } from "./stores.mjs";
import { serveVoice } from "./voice.mjs";

const {
  GATE_CONFIG,
  PORT = "8080",
  METRICS_PORT = "9090",
  WEBHOOKS_TO,
  VOICE_SECRET,
} = process.env;
const configPath = GATE_CONFIG ?? new URL("../config.json", import.meta.url);
const config = JSON.parse(readFileSync(configPath, "utf8"));
const { stores } = openStores();
const gate = new AsyncGate(config, stores);
const app = express().disable("x-powered-by");

/** The site that the query names; the gate answers for one that it does not know. */
const siteOf = ({ query: { site } }) => (typeof site === "string" ? site : "");

/** A browser states what its visitor agreed to. */
app.post("/api/sync", async (request, response) => {
  respond(await receiveSync(gate, request, siteOf(request)), response);
});

/** A call platform sends a signed event. */
app.post("/api/call-event/v2", async (request, response) => {
  respond(await receive(gate, request, siteOf(request)), response);
});

/** A webhook of GitHub, handed on exactly once: what is not committed comes again. */
app.post("/webhooks/github", async (request, response) => {
  const body = await readBody(gate, request);
  const admission = await gate.admit("hooks", request.rawHeaders, body);
  try {
    if (admission.admitted && (await handOn(body))) await admission.commit();
  } finally {
    await admission.release();
  }
  respond(admission.decision, response);
});

/** The host's own shop tells of a sale; it signs like any sender. */
app.post("/api/sale", async (request, response) => {
  const site = siteOf(request);
  const body = await readBody(gate, request);
  const secrets = secretsOf(site);
  if (
    secrets.length === 0 ||
    !verify("standard-webhooks", secrets, request.rawHeaders, body)
  ) {
    return response.sendStatus(401);
  }
  const callId = parsed(body)?.call_id;
  if (typeof callId !== "string") return response.sendStatus(400);
  respond(await gate.confirmSale(site, callId), response);
});

/** A device tells of itself; what it says counts once. */
app.post("/device/readings", async (request, response) => {
  const decision = await receiveDevice(gate, request, siteOf(request));
  if (decision.outcome !== "accepted") return respond(decision, response);
  // Here the host does its own work, and answers as it likes.
  response.json({ device: decision.deviceId });
});

app.get("/healthz", (_request, response) => response.send("ok"));

/** Whoever hangs up is gone, and what HTTP cannot read is the sender's fault; the rest is ours. */
app.use((error, request, response, _next) => {
  const status = error.status ?? (request.complete ? 500 : 400);
  if (status >= 500) console.error(error);
  response.sendStatus(status);
});

/** The work: handed to the worker that listens at WEBHOOKS_TO, which says `done`. Without one, it is only printed. */
async function handOn(body) {
  if (WEBHOOKS_TO === undefined) {
    console.log(`webhook of ${body.length} bytes`);
    return true;
  }
  const [host, port] = WEBHOOKS_TO.split(":");
  try {
    let reply = "";
    const socket = connect(Number(port), host).setEncoding("utf8").end(body);
    for await (const text of socket) reply += text;
    return reply === "done";
  } catch {
    return false;
  }
}

function secretsOf(site) {
  const keys = Object.hasOwn(config.sites, site) ? config.sites[site].keys : [];
  return keys.map(({ secret }) => secret);
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

const metrics = createServer((_request, response) => {
  response
    .setHeader("content-type", "text/plain; version=0.0.4")
    .end(gate.metrics());
});

const server = app.listen(Number(PORT), "127.0.0.1");
if (VOICE_SECRET) serveVoice(server, gate, VOICE_SECRET);
metrics.listen(Number(METRICS_PORT), "127.0.0.1");
