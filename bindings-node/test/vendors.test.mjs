/**
 * The vendors' own packages as peers: what they sign is accepted, what is signed here they accept, and what each is
 * known to get wrong is got right. Numbers are those of the list of field defects.
 */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as octokit from '@octokit/webhooks-methods';
import * as standardwebhooks from 'standardwebhooks';
import Stripe from 'stripe';
import * as svix from 'svix';
import { Gate, sign, verify } from 'consentgate';
import { SECRET, consent } from './support/world.mjs';

const OTHER = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
const THIRD = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
const ID = 'evt_1';
const BODY = Buffer.from('{"id":"evt_1","fingerprint":"person-1","é":1}');
const YEAR = 365 * 86_400_000;
const now = () => Math.floor(Date.now() / 1000) * 1000;
const mac = (secret, ...content) =>
  content.reduce((hmac, one) => hmac.update(one), createHmac('sha256', secret));

/** By the clock of the machine; what they throw but for a refusal is thrown. */
const accepted = (check, Refusal) => {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
};

const standard = ({ Webhook, WebhookVerificationError }) => ({
  scheme: 'standard-webhooks',
  header: 'webhook-signature',
  before: 'v1,',
  glue: ' ',
  signs: (secret, body, at) => ({
    'webhook-id': ID,
    'webhook-timestamp': `${at / 1000}`,
    'webhook-signature': new Webhook(secret).sign(ID, new Date(at), body.toString()),
  }),
  accepts: (secret, body, headers) =>
    accepted(() => new Webhook(secret).verify(body, headers), WebhookVerificationError),
});

const { webhooks } = Stripe;
const stripe = {
  scheme: 'stripe',
  header: 'Stripe-Signature',
  before: 'v1=',
  glue: ',',
  signs: (secret, body, at) => ({
    'Stripe-Signature': webhooks.generateTestHeaderString({
      payload: body.toString(),
      timestamp: at / 1000,
      secret,
    }),
  }),
  accepts: (secret, body, headers) =>
    accepted(
      () => webhooks.constructEvent(body, Object.values(headers)[0], secret),
      Stripe.errors.StripeSignatureVerificationError,
    ),
};

const github = {
  scheme: 'github',
  header: 'X-Hub-Signature-256',
  before: 'sha256=',
  isUntimed: true,
  signs: async (secret, body) => ({
    'X-Hub-Signature-256': await octokit.sign(secret, body.toString()),
  }),
  accepts: (secret, body, headers) =>
    octokit.verify(secret, body.toString(), Object.values(headers)[0]),
};

/** Shopify and Slack by hand, as their documentation says; Slack's package for Python is a peer there. */
const shopify = {
  scheme: 'shopify',
  header: 'X-Shopify-Hmac-SHA256',
  before: '',
  isUntimed: true,
  signs: (secret, body) => ({ 'X-Shopify-Hmac-SHA256': mac(secret, body).digest('base64') }),
  accepts: (secret, body, headers) =>
    mac(secret, body).digest('base64') === Object.values(headers)[0],
};

const slackTag = (secret, time, body) => `v0=${mac(secret, `v0:${time}:`, body).digest('hex')}`;
const slack = {
  scheme: 'slack',
  header: 'X-Slack-Signature',
  before: 'v0=',
  signs: (secret, body, at) => ({
    'X-Slack-Request-Timestamp': `${at / 1000}`,
    'X-Slack-Signature': slackTag(secret, at / 1000, body),
  }),
  accepts: (secret, body, headers) => {
    const [time, tag] = Object.values(headers);
    return Math.abs(Date.now() / 1000 - time) <= 300 && slackTag(secret, time, body) === tag;
  },
};

const vendors = {
  standardwebhooks: standard(standardwebhooks),
  svix: standard(svix),
  stripe,
  github,
  shopify,
  slack,
};
const ours = ({ scheme }, headers, body = BODY, options = {}, secrets = SECRET) =>
  verify(scheme, secrets, headers, body, options) !== null;
const every = (title, run, names = Object.keys(vendors)) => {
  for (const name of names) test(`${name}: ${title}`, () => run(vendors[name]));
};
const several = ['standardwebhooks', 'svix', 'stripe'];

every('what they sign is accepted', async (vendor) => {
  const at = now();
  const headers = await vendor.signs(SECRET, BODY, at);
  assert.deepEqual(verify(vendor.scheme, [OTHER, SECRET], headers, BODY, { now: at }), {
    id: vendor.scheme === 'standard-webhooks' ? ID : null,
    timestamp: vendor.isUntimed ? null : at,
    keyIndex: 1,
  });
  const id = vendor.scheme === 'standard-webhooks' ? ID : undefined;
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  assert.deepEqual(sign(vendor.scheme, SECRET, BODY, { id, now: at }), Object.fromEntries(lower));
});

every('what is signed here they accept', async (vendor) => {
  const headers = sign(vendor.scheme, SECRET, BODY);
  assert.equal(await vendor.accepts(SECRET, BODY, headers), true);
  assert.equal(await vendor.accepts(OTHER, BODY, headers), false);
  assert.equal(await vendor.accepts(SECRET, Buffer.concat([BODY, BODY]), headers), false);
});

every('a changed body, another secret', async (vendor) => {
  const headers = await vendor.signs(SECRET, BODY, now());
  for (let at = 0; at < BODY.length; at += 1) {
    const changed = Buffer.from(BODY);
    changed[at] ^= 1;
    assert.equal(ours(vendor, headers, changed), false);
  }
  assert.equal(ours(vendor, headers, ''), false);
  assert.equal(ours(vendor, headers, BODY, {}, OTHER), false);
});

every('field 14: a time on either side', async (vendor) => {
  const at = now();
  const headers = await vendor.signs(SECRET, BODY, at);
  for (const [off, isFresh] of [
    [300_000, true],
    [300_001, false],
    [YEAR, false],
  ]) {
    for (const moment of [at - off, at + off]) {
      const expected = isFresh || vendor.isUntimed === true;
      assert.equal(ours(vendor, headers, BODY, { now: moment }), expected);
    }
  }
  for (const old of [at - 310_000, at - YEAR]) {
    const stale = await vendor.signs(SECRET, BODY, old);
    assert.equal(ours(vendor, stale), vendor.isUntimed === true);
    assert.equal(await vendor.accepts(SECRET, BODY, stale), vendor.isUntimed === true);
  }
});

every(
  'rotation',
  (vendor) => {
    const at = now();
    const [both, fresh] = [vendor.signs(OTHER, BODY, at), vendor.signs(SECRET, BODY, at)];
    const tag = fresh[vendor.header].replace(`t=${at / 1000},`, '');
    both[vendor.header] += `${vendor.glue}${tag}`;
    for (const secret of [OTHER, SECRET]) {
      assert.ok(ours(vendor, both, BODY, {}, secret));
      assert.ok(vendor.accepts(secret, BODY, both));
    }
    assert.equal(ours(vendor, both, BODY, {}, THIRD), false);
  },
  several,
);

every('fields 1, 7, 9, 12: no other spelling', async (vendor) => {
  const headers = await vendor.signs(SECRET, BODY, now());
  const good = headers[vendor.header];
  const start = good.indexOf(vendor.before) + vendor.before.length;
  const [lead, tag] = [good.slice(0, start), good.slice(start)];
  const wrong = Array.from(good, (_, length) => good.slice(0, length));
  wrong.push(`${good}A`, `${good}\n`, `${good}=`, `\t${good}`, tag.slice(1));
  for (const one of ['', 'é', '\u0100', tag.toUpperCase(), `\t${tag}`, tag + tag])
    wrong.push(lead + one);
  for (const junk of [' ', '!', '\0', 'é', '='])
    wrong.push(`${lead}${tag.slice(0, 4)}${junk}${tag.slice(4)}`);
  for (const value of wrong)
    assert.equal(ours(vendor, { ...headers, [vendor.header]: value }), false, value);
  for (const name of Object.keys(headers)) {
    for (const value of [undefined, [], '', [headers[name], headers[name]], [headers[name], '']])
      assert.equal(ours(vendor, { ...headers, [name]: value }), false);
  }
});

every('field 10: bytes that are no text', (vendor) => {
  for (const hex of ['', 'ff', 'efbfbd', 'efbbbf7b7d']) {
    const body = Buffer.from(hex, 'hex');
    assert.ok(ours(vendor, sign(vendor.scheme, SECRET, body), body));
  }
  const headers = sign(vendor.scheme, SECRET, Buffer.of(0xff));
  assert.equal(ours(vendor, headers, Buffer.from('\ufffd')), false);
});

const SITES = { slack: { event_id_pointer: '/id' } };
every('a delivery is one event however often it is sent', async (vendor) => {
  const { scheme, isUntimed: accept_untimed } = vendor;
  const keys = [{ id: 'k', secret: SECRET }];
  const origins = ['https://acme.example'];
  const acme = { keys, scheme, origins, accept_untimed, ...SITES[scheme] };
  const gate = new Gate({ sites: { acme } });
  const at = 1_700_000_000_000;
  consent(gate);
  const first = gate.callEvent('acme', await vendor.signs(SECRET, BODY, at), BODY, { now: at });
  assert.equal(first.outcome, 'accepted');
  assert.equal(first.eventId, accept_untimed ? null : ID);
  // Sent again a minute later: signed anew where a time is signed, with another unsigned id.
  const later = { now: at + 60_000 };
  const again = { ...(await vendor.signs(SECRET, BODY, later.now)), 'X-GitHub-Delivery': '2' };
  assert.equal(gate.callEvent('acme', again, BODY, later).reason, 'duplicate');
  const forged = await vendor.signs(OTHER, BODY, at);
  assert.equal(gate.callEvent('acme', forged, BODY, { now: at }).reason, 'bad_signature');
});

const standards = ['standardwebhooks', 'svix'];

every(
  'field 3: they print the time anew, whatever stands behind its digits',
  (vendor) => {
    const at = now();
    for (const odd of ['+T', ' T', '0T', 'T.9', 'T ', 'Tx', 'Te9', 'T,1']) {
      const headers = vendor.signs(SECRET, BODY, at);
      const name = headers['webhook-timestamp'] ? 'webhook-timestamp' : vendor.header;
      const text = odd.replace('T', at / 1000);
      headers[name] = headers[name].replace(at / 1000, text);
      assert.ok(vendor.accepts(SECRET, BODY, headers), odd);
      // An item that is none is passed over: `T,1` in Stripe's header is the time and junk.
      assert.equal(ours(vendor, headers), vendor === stripe && odd === 'T,1', odd);
    }
  },
  several,
);

every(
  'field 5: they move text between id, time and body',
  (vendor) => {
    const at = now() / 1000;
    const id = `a.${at}`;
    const tag = mac(Buffer.from(SECRET.slice(6), 'base64'), `${id}.${at}.5`).digest('base64');
    const headers = { 'webhook-timestamp': `${at}`, 'webhook-signature': `v1,${tag}` };
    assert.ok(vendor.accepts(SECRET, '5', { ...headers, 'webhook-id': id }));
    assert.ok(vendor.accepts(SECRET, `${at}.5`, { ...headers, 'webhook-id': 'a' }));
    assert.equal(ours(vendor, { ...headers, 'webhook-id': id }, '5'), false);
    assert.throws(() => sign('standard-webhooks', SECRET, '5', { id }), RangeError);
  },
  standards,
);

every(
  'field 9: what stands behind a tag they do not see',
  (vendor) => {
    const headers = vendor.signs(SECRET, BODY, now());
    headers[vendor.header] += vendor === stripe ? '=A' : ',A';
    assert.ok(vendor.accepts(SECRET, BODY, headers));
    assert.equal(ours(vendor, headers), false);
  },
  several,
);

every(
  'field 10: two bodies have one signature',
  (vendor) => {
    // They make text of the bytes: what is no UTF-8 becomes U+FFFD; with Stripe a byte order mark is lost too.
    const [wrong, right] = ['7b22223a22ff227d', '7b22223a22efbfbd227d'].map((one) =>
      Buffer.from(one, 'hex'),
    );
    const headers = sign(vendor.scheme, SECRET, right);
    assert.ok(vendor.accepts(SECRET, wrong, headers));
    assert.equal(ours(vendor, headers, wrong), false);
    if (vendor !== stripe) return;
    const marked = Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), BODY]);
    assert.ok(
      webhooks.signature.verifyHeader(
        marked,
        ...Object.values(sign('stripe', SECRET, BODY)),
        SECRET,
      ),
    );
    assert.equal(ours(stripe, sign('stripe', SECRET, BODY), marked), false);
  },
  several,
);

test('svix, field 12: it prefers headers of its own, so one request has two readings', () => {
  const vendor = vendors.svix;
  const headers = vendor.signs(SECRET, BODY, now());
  const renamed = (change) =>
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name.replace('webhook', 'svix'),
        change(value),
      ]),
    );
  const both = { ...headers, ...renamed(() => 'x') };
  assert.equal(vendor.accepts(SECRET, BODY, both), false);
  assert.equal(ours(vendor, both), true);
  const alone = renamed((value) => value);
  assert.equal(vendor.accepts(SECRET, BODY, alone), true);
  assert.equal(ours(vendor, alone), false);
});

test('svix, field 4: with a secret of nothing but its prefix anybody can sign', () => {
  const { Webhook } = svix;
  const headers = vendors.svix.signs('whsec_', BODY, now());
  const tag = mac('', `${ID}.${headers['webhook-timestamp']}.`, BODY).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${tag}`);
  assert.ok(new Webhook('whsec_').verify(BODY, headers));
  assert.throws(() => ours(vendors.svix, headers, BODY, {}, 'whsec_'), RangeError);
});

test('stripe, field 14: tolerance 0 or less switches the check off, and a year ahead is fresh', () => {
  const [old, ahead] = [1000, now() + YEAR].map((at) => stripe.signs(SECRET, BODY, at));
  for (const toleranceS of [0, -1, NaN]) {
    assert.ok(webhooks.constructEvent(BODY, old['Stripe-Signature'], SECRET, toleranceS));
    assert.throws(() => ours(stripe, old, BODY, { toleranceS }), RangeError);
  }
  assert.equal(stripe.accepts(SECRET, BODY, ahead), true);
  assert.equal(ours(stripe, ahead), false);
});

test('stripe, field 12: of two times it reads the last, where its package for Python reads the first', () => {
  const at = now();
  const good = stripe.signs(SECRET, BODY, at)['Stripe-Signature'];
  const other = `t=${at / 1000 - 9}`;
  for (const [two, isTheirs] of [
    [`${other},${good}`, true],
    [`${good},${other}`, false],
  ]) {
    assert.equal(stripe.accepts(SECRET, BODY, { 'Stripe-Signature': two }), isTheirs);
    assert.equal(ours(stripe, { 'Stripe-Signature': two }), false);
  }
  const array = [good, good];
  assert.throws(() => webhooks.constructEvent(BODY, array, SECRET), /An array was passed/);
  assert.equal(ours(stripe, { 'Stripe-Signature': array }), false);
});

test('octokit, fields 4, 7, 10: it throws where a request has no body, no signature, or bytes', async () => {
  const signature = sign('github', SECRET, '')['x-hub-signature-256'];
  const bytes = Buffer.of(0xff);
  for (const given of [
    ['', signature],
    ['x', ''],
    [bytes, signature],
  ])
    await assert.rejects(octokit.verify(SECRET, ...given), TypeError);
  assert.ok(ours(github, { 'x-hub-signature-256': signature }, ''));
  assert.equal(ours(github, { 'x-hub-signature-256': '' }, 'x'), false);
  assert.ok(ours(github, sign('github', SECRET, bytes), bytes));
  // A handler that makes text of bytes has two bodies under one signature.
  const headers = await github.signs(SECRET, Buffer.from('\ufffd'));
  assert.ok(await github.accepts(SECRET, bytes, headers));
  assert.equal(ours(github, headers, bytes), false);
});
