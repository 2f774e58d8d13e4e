import { randomBytes } from 'node:crypto';
import { signEvent, withHeaders } from '../lib/event.mjs';

export const title = 'what is not authentic is a 401, always the same one';

const FAR_MS = 2 * 60 * 60 * 1000;

export async function check(client, { fingerprint }, t) {
  await client.sync(fingerprint, ['analytics', 'marketing']);
  const event = () => client.event(fingerprint);
  const foreign = `whsec_${randomBytes(32).toString('base64')}`;
  const forged = { ...event(), ...signEvent({ secret: foreign, body: event().body }) };

  const first = await client.call(forged);
  t.refused('a bad signature', first, 401, 'unauthenticated');

  const unknownSite = `no-such-site-${randomBytes(4).toString('hex')}`;
  const others = [
    ['an unknown site', await client.call(event(), unknownSite)],
    ['an unknown site and a bad signature', await client.call(forged, unknownSite)],
    ['another body', await client.call({ ...event(), body: event().body.replace('}', ' }') })],
    ['a stale timestamp', await client.call(client.event(fingerprint, { atMs: Date.now() - FAR_MS }))],
    ['a future timestamp', await client.call(client.event(fingerprint, { atMs: Date.now() + FAR_MS }))],
    ['a timestamp that is no number', await client.call(withHeaders(event(), { 'webhook-timestamp': 'soon' }))],
    ['a signature that is none', await client.call(withHeaders(event(), { 'webhook-signature': 'v1,' }))],
    ['no id', await client.call(withHeaders(event(), { 'webhook-id': undefined }))],
    ['no timestamp', await client.call(withHeaders(event(), { 'webhook-timestamp': undefined }))],
    ['no signature', await client.call(withHeaders(event(), { 'webhook-signature': undefined }))],
    ['no header at all', await client.call({ headers: {}, body: event().body })],
  ];
  for (const [what, response] of others) t.sameBytes(`${what}: same bytes as a bad signature`, response, first);
}
