// Events signed by the npm package `standardwebhooks`: a signer that shares no code with the gate.
import { createHmac, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** A name that no earlier run has used, so that a live deployment can be tried again and again. */
export const freshFingerprint = () => `smoke-${randomUUID()}`;

export const freshEventId = () => `evt_${randomUUID()}`;

/** Signs `body` (a string) as a standard webhook; `atMs` moves the signed time. */
export function signEvent({ secret, body, id = freshEventId(), atMs = Date.now() }) {
  const signature = new Webhook(secret).sign(id, new Date(atMs), body);
  return signed(id, atMs, signature, body);
}

/** The same for bytes that no string spells: the package decodes a body as UTF-8 before it signs. */
export function signBytes({ secret, body, id = freshEventId(), atMs = Date.now() }) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${Math.floor(atMs / 1000)}.`).update(body);
  return signed(id, atMs, `v1,${mac.digest('base64')}`, body);
}

/** A webhook without a person, as GitHub signs one: over the bytes alone. */
export function signWebhook(secret, body = JSON.stringify({ action: 'opened', number: randomUUID() })) {
  const tag = createHmac('sha256', secret).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${tag}`,
  };
  return { headers, body };
}

/** The same event with some headers replaced, or left out where the new value is `undefined`. */
export function withHeaders(event, changes) {
  const headers = { ...event.headers, ...changes };
  for (const name of Object.keys(headers)) if (headers[name] === undefined) delete headers[name];
  return { ...event, headers };
}

function signed(id, atMs, signature, body) {
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(atMs / 1000)),
    'webhook-signature': signature,
  };
  return { id, headers, body };
}
