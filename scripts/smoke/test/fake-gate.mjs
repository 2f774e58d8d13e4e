// The gate's behaviour as a client sees it, in memory and in a few lines. Sound as it stands; each
// method decides one thing, so that breaks.mjs can replace one and leave the rest right.
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { secretOf, signDevice } from '../lib/device.mjs';

const TOLERANCE_MS = 300_000;
// Long enough that copies sent at once meet an event in flight.
const WORK_MS = 5;

export class FakeGate {
  sessions = new Map();
  claims = new Map();
  buckets = new Map();
  calls = new Map();
  nonces = new Set();

  constructor({ site, secret, deviceMaster, origin, webhookSecret, capacity, perMinute, leaseS }) {
    Object.assign(this, { site, deviceMaster, origin, webhookSecret, capacity, leaseS });
    this.key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    this.intervalMs = Math.ceil(60_000 / perMinute);
  }

  healthz() {
    return json(200, { status: 'ok' });
  }

  sync({ site, headers, body }) {
    if (site !== this.site || headers.origin !== this.origin) return this.unauthenticated('origin');
    const { fingerprint, consent_scopes: scopes, consent_at: at } = parse(body) ?? {};
    if (!named(fingerprint) || !Array.isArray(scopes) || Number.isNaN(Date.parse(at))) return this.malformed();
    const session = this.sessions.get(fingerprint) ?? { scopes: [], changedMs: -Infinity };
    this.sessions.set(fingerprint, this.merge(session, scopes, Date.parse(at)));
    return scopes.includes('analytics') ? this.stated() : this.nothing('statement');
  }

  async call({ site, headers, body }) {
    const why = this.doubt({ site, headers, body });
    if (why) return this.unauthenticated(why);
    const payload = parse(body);
    if (!named(payload?.fingerprint)) return this.malformed();
    if (this.carriesConsent(payload)) return this.consentRefused(headers);

    const keys = this.claimKeys(headers);
    const met = keys.map((key) => this.claims.get(key)).find((claim) => claim !== undefined);
    if (met === 'held') return this.inFlight();
    if (met !== undefined) return met === 'accepted' ? this.duplicate() : this.nothing('refused before');
    this.hold(keys);
    await sleep(WORK_MS);
    return this.decide(payload.fingerprint, keys);
  }

  decide(fingerprint, keys) {
    const scopes = this.sessions.get(fingerprint)?.scopes;
    if (!scopes?.includes('analytics')) {
      this.settle(keys, 'refused');
      return this.nothing(scopes ? 'withdrawn' : 'unknown');
    }
    const retryMs = this.spend(fingerprint, Date.now());
    if (retryMs > 0) {
      this.settle(keys, undefined);
      return this.limited(retryMs);
    }
    this.settle(keys, 'accepted');
    const call = { id: randomUUID().replaceAll('-', ''), marketing: scopes.includes('marketing') };
    this.calls.set(call.id, call);
    return this.accepted(call);
  }

  sale({ site, headers, body }) {
    const why = this.doubt({ site, headers, body });
    if (why) return this.unauthenticated(why);
    const call = this.calls.get(parse(body)?.call_id);
    return call ? json(200, this.conversion(call)) : this.noCall();
  }

  async hook({ headers, body }) {
    const tag = createHmac('sha256', this.webhookSecret).update(body).digest('hex');
    if (headers['x-hub-signature-256'] !== `sha256=${tag}`) return this.unauthenticated('webhook');
    const met = this.claims.get(this.hookKey(tag, headers));
    if (met === 'held') return this.inFlight();
    if (met === 'accepted') return this.duplicate();
    this.hold([this.hookKey(tag, headers)]);
    await sleep(WORK_MS);
    this.settle([this.hookKey(tag, headers)], 'accepted');
    return json(200, { status: 'accepted' });
  }

  /** The delivery's own name is not signed, and is no identity. */
  hookKey(tag) {
    return `hook ${tag}`;
  }

  device({ site, headers, body, method, url }) {
    const value = headers['x-device-auth'] ?? '';
    const [deviceId, timestamp, nonce] = value.split(':');
    const secret = secretOf({ master: this.deviceMaster, site: this.site, deviceId });
    const signing = { secret, site, deviceId, method, path: this.signedPath(url), body, atMs: Number(timestamp) * 1000, nonce };
    const isFresh = Math.abs(Date.now() - signing.atMs) <= TOLERANCE_MS;
    if (site !== this.site || !isFresh || value !== signDevice(signing)) return this.unauthenticated('device');
    if (!this.isNew(`${deviceId}:${nonce}`)) return this.unauthenticated('nonce');
    return json(200, { device: deviceId });
  }

  signedPath(url) {
    return url;
  }

  isNew(nonce) {
    return !this.nonces.has(nonce) && Boolean(this.nonces.add(nonce));
  }

  /** What is wrong with the request, for the log alone: every doubt has the one answer. */
  doubt({ site, headers, body }) {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
    if (site !== this.site) return 'unknown site';
    if (!id || !signature || !/^\d{1,11}$/.test(timestamp ?? '')) return 'malformed';
    const mac = createHmac('sha256', this.key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    if (!this.matches(signature, `v1,${mac}`)) return 'forged';
    const ageMs = Date.now() - Number(timestamp) * 1000;
    if (ageMs > TOLERANCE_MS) return this.stale();
    return ageMs < -TOLERANCE_MS ? 'future' : undefined;
  }

  matches(signature, right) {
    return signature.split(' ').includes(right);
  }

  stale() {
    return 'stale';
  }

  carriesConsent(value) {
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value).some(([key, inner]) => this.isConsent(key) || this.carriesConsent(inner));
  }

  isConsent(key) {
    return ['consentscopes', 'consentat'].includes(key.toLowerCase().replace(/[_-]/g, ''));
  }

  /** A newer statement replaces; any other can only take away. */
  merge(session, scopes, atMs) {
    if (atMs > session.changedMs && scopes.includes('analytics')) return { scopes, changedMs: atMs };
    const kept = session.scopes.filter((scope) => scopes.includes(scope));
    return { scopes: kept, changedMs: Math.max(session.changedMs, atMs) };
  }

  /** What makes two events the same one: neither the header's text nor the time it was signed. */
  claimKeys(headers) {
    return [headers['webhook-id']];
  }

  hold(keys) {
    for (const key of keys) this.claims.set(key, 'held');
  }

  settle(keys, outcome) {
    for (const key of keys) {
      if (outcome) this.claims.set(key, outcome);
      else this.claims.delete(key);
    }
  }

  /** Takes a token, or tells how long until there is one. */
  spend(fingerprint, nowMs) {
    const base = Math.max(this.buckets.get(fingerprint) ?? 0, nowMs);
    const retryMs = base + this.intervalMs - nowMs - this.capacity * this.intervalMs;
    if (retryMs > 0) return retryMs;
    this.buckets.set(fingerprint, base + this.intervalMs);
    return 0;
  }

  conversion({ marketing }) {
    if (marketing) return { status: 'noop', marketing: 'enqueued' };
    return { status: 'no_consent', marketing: 'skipped' };
  }

  stated() {
    return json(200, { status: 'accepted' });
  }

  accepted({ id }) {
    return json(200, { status: 'accepted', call_id: id });
  }

  duplicate() {
    return json(200, { status: 'noop' });
  }

  nothing() {
    return { status: 204, headers: [['cache-control', 'no-store']], body: '' };
  }

  malformed() {
    return refusal(400, 'malformed', 'The request is malformed');
  }

  consentRefused() {
    return refusal(400, 'consent_in_payload', 'An event cannot carry consent');
  }

  unauthenticated() {
    return refusal(401, 'unauthenticated', 'The request is not authenticated');
  }

  noCall() {
    return refusal(404, 'not_found', 'There is no such call');
  }

  inFlight() {
    return refusal(409, 'in_flight', 'The same event is being processed', this.leaseS);
  }

  tooLarge() {
    return refusal(413, 'too_large', 'The request is too large');
  }

  limited(retryMs) {
    return refusal(429, 'rate_limited', 'Too many requests', Math.max(1, Math.ceil(retryMs / 1000)));
  }
}

export function json(status, value, type = 'application/json') {
  const headers = [['content-type', type], ['cache-control', 'no-store']];
  return { status, headers, body: JSON.stringify(value) };
}

export function refusal(status, code, title, retryAfterS) {
  const answer = json(status, { title, status, code }, 'application/problem+json');
  return retryAfterS === undefined ? answer : withHeader(answer, 'retry-after', String(retryAfterS));
}

export function withHeader(answer, name, value) {
  return { ...answer, headers: [...answer.headers, [name, value]] };
}

const named = (fingerprint) => typeof fingerprint === 'string' && fingerprint !== '';

/** The object that the bytes spell, if they spell one. */
function parse(body) {
  try {
    const value = JSON.parse(body.toString());
    return typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
