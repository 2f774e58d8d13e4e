import { randomBytes } from 'node:crypto';
import { signEvent, withHeaders } from '../lib/event.mjs';

export const title = 'the same event again is a noop, however it is spelled';

export async function check(client, { fingerprint }, t) {
  await client.sync(fingerprint, ['analytics', 'marketing']);
  const event = client.event(fingerprint);
  t.accepted('the first time', await client.call(event));
  t.noop('again', await client.call(event));

  for (const [what, signatures] of extraSignatures(event.headers['webhook-signature'])) {
    t.noop(what, await client.call(withHeaders(event, { 'webhook-signature': signatures })));
  }
  for (const laterMs of [1000, 2000]) {
    const again = signEvent({ secret: client.secret, body: event.body, id: event.id, atMs: Date.now() + laterMs });
    t.noop(`re-signed ${laterMs} ms later under the same id`, await client.call(again));
  }
  for (const [what, signature] of respelled(event.headers['webhook-signature'])) {
    const response = await client.call(withHeaders(event, { 'webhook-signature': signature }));
    const noop = response.status === 200 && response.json?.status === 'noop';
    t.ok(`${what}: want a noop or a 401`, noop || response.status === 401, response);
  }
  t.noop('at the end, as it was first sent', await client.call(event));
}

function extraSignatures(right) {
  const foreign = `v1,${randomBytes(32).toString('base64')}`;
  return [
    ['a foreign signature before the right one', `${foreign} ${right}`],
    ['a foreign signature after it', `${right} ${foreign}`],
    ['the right one twice', `${right} ${right}`],
    ['junk before it', `junk v1,short v9,???? ${right}`],
    ['another version after it', `${right} v2,${randomBytes(64).toString('base64')}`],
  ];
}

function respelled(right) {
  const base64 = right.slice('v1,'.length);
  return [
    ['without padding', right.replace(/=+$/, '')],
    ['in the URL-safe alphabet', `v1,${base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`],
    ['with trailing bits set', `v1,${base64.slice(0, 42)}${nextLetter(base64[42])}=`],
    ['with more padding', `${right}==`],
    ['with an upper-case version', right.replace('v1', 'V1')],
    ['with a space after the comma', right.replace(',', ', ')],
    ['with two spaces', `${right}  ${right}`],
    ['in hexadecimal', `v1,${Buffer.from(base64, 'base64').toString('hex')}`],
  ];
}

/** 32 bytes leave two bits unused in the last letter; the letter after it differs in those alone. */
function nextLetter(letter) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return alphabet[alphabet.indexOf(letter) + 1];
}
