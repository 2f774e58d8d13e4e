// Requests that no honest sender makes: complete, broken and abandoned ones, the same kinds in the same order for the same seed.
import { signBytes } from './event.mjs';

const ENDPOINTS = ['/api/sync', '/api/call-event/v2', '/api/sale'];

const BODIES = [
  ['no body', ''],
  ['not JSON', '{'],
  ['an array', '[]'],
  ['a string', '"x"'],
  ['null', 'null'],
  ['NaN', '{"fingerprint":NaN}'],
  ['a duplicate key', '{"fingerprint":"a","fingerprint":"b"}'],
  ['a lone surrogate', '{"fingerprint":"\\ud800"}'],
  ['a byte order mark', '\ufeff{"fingerprint":"f"}'],
  ['deep nesting', `${'['.repeat(5000)}${']'.repeat(5000)}`],
  ['a number without end', `{"fingerprint":${'9'.repeat(5000)}}`],
  ['a fingerprint that is a number', '{"fingerprint":1}'],
  ['an empty fingerprint', '{"fingerprint":""}'],
  ['a fingerprint with NUL', '{"fingerprint":"a\\u0000b"}'],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ['a body over the cap', Buffer.alloc(70_000, 0x20)],
  ['a body far over the cap', Buffer.alloc(250_000, 0x20)],
];

const SALES = [
  ['no call id', '{}'],
  ['a call id that is a number', '{"call_id":1}'],
  ['a call id that is null', '{"call_id":null}'],
  ['a call id that is an object', '{"call_id":{"call_id":"0"}}'],
  ['an empty call id', '{"call_id":""}'],
  ['a call id that is none', '{"call_id":"\\u0000"}'],
  ['a call id that is long', `{"call_id":"${'0'.repeat(5000)}"}`],
];

// What each is put in the place of is a statement that would be taken.
const STATEMENTS = [
  ['no fingerprint', { fingerprint: undefined }],
  ['a fingerprint that is an array', { fingerprint: ['f'] }],
  ['a fingerprint of 257 bytes', { fingerprint: 'f'.repeat(257) }],
  ['no scopes', { consent_scopes: undefined }],
  ['scopes that are a string', { consent_scopes: 'analytics' }],
  ['scopes that are numbers', { consent_scopes: [1, 2] }],
  ['scopes without end', { consent_scopes: Array.from({ length: 1000 }, (_, index) => `s${index}`) }],
  ['no time', { consent_at: undefined }],
  ['a time that is a number', { consent_at: 1.5 }],
  ['a time without a zone', { consent_at: '2026-01-01T00:00:00' }],
  ['the 30th of February', { consent_at: '2026-02-30T00:00:00Z' }],
  ['a leap second', { consent_at: '2016-12-31T23:59:60Z' }],
  ['a year of six digits', { consent_at: '+275760-09-13T00:00:00Z' }],
  ['a negative policy version', { policy_version: -1 }],
  ['a policy version with a fraction', { policy_version: 1.5 }],
  ['an event id with spaces', { event_id: 'a b' }],
];

const QUERIES = ['', '?', '?site', '?site=', '?site=%', '?site=%ff%fe', '?site=a&site=b', '?site[]=a', '?site=%00', `?site=${'a'.repeat(2000)}`, '?site=__proto__', '?site=acme&site=acme', '?SITE=acme', '?&&==&', '?site=a%2', `?${'&site=a'.repeat(1000)}`];

const HEADERS = [
  [['webhook-id', 'a'], ['webhook-id', 'b']],
  [['webhook-timestamp', '1'], ['webhook-timestamp', '1']],
  [['webhook-signature', 'v1,'.repeat(1000)]],
  [['webhook-timestamp', '9'.repeat(5000)]],
  [['webhook-id', 'x'.repeat(4000)]],
  [['webhook-signature', 'x'.repeat(20_000)]],
  [['webhook-id', '\u00ff\u00fe']],
  [['origin', 'null']],
  [['origin', 'https://a.example'], ['origin', 'https://b.example']],
  [['content-type', 'multipart/form-data']],
  [['content-type', 'application/json; charset=utf-16']],
  [['accept-encoding', 'br;q=x']],
  Array.from({ length: 60 }, (_, index) => [`x-${index}`, 'v']),
];

/** `count` requests as bytes, each `{ what, kind: 'whole' | 'broken' | 'aborted', bytes, reuse, head }`. */
export function malformedRequests(client, { count, seed }) {
  const random = generator(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const forms = [
    () => bodied(client, pick(ENDPOINTS), pick(BODIES), pick(HEADERS)),
    () => signed(client, '/api/call-event/v2', pick(BODIES)),
    () => signed(client, '/api/sale', pick([...BODIES, ...SALES])),
    () => stated(client, pick([...BODIES, ...STATEMENTS])),
    () => queried(client, pick(ENDPOINTS), pick(QUERIES)),
    () => wrongMethod(client, pick(ENDPOINTS), pick(['GET', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'])),
    () => chunked(client, pick(ENDPOINTS), pick(BODIES)),
    () => wrongPath(client, pick(['/', '/api', '/api/sync/', '/api//sync', '/api/call-event/v3', '/%2e%2e/', '/%', '/api/%zz', '/api/sync%00', '/api/sale;x'])),
    () => broken(client, pick(ENDPOINTS), pick(['bad chunk', 'no host', 'bad header', 'two lengths', 'length and chunks'])),
    () => aborted(client, pick(ENDPOINTS)),
  ];
  return Array.from({ length: count }, (_, index) => forms[index % forms.length]());
}

function bodied(client, endpoint, [what, body], headers) {
  const bytes = post(client, client.path(endpoint), headers, body);
  return { what: `${endpoint}: ${what}`, kind: 'whole', reuse: true, bytes };
}

/** Rightly signed, so that it is the body alone that is refused. */
function signed(client, endpoint, [what, body]) {
  const event = signBytes({ secret: client.secret, body: Buffer.from(body) });
  const bytes = post(client, client.path(endpoint), Object.entries(event.headers), body);
  return { what: `${endpoint}, signed: ${what}`, kind: 'whole', reuse: true, bytes };
}

/** From the right origin, so that it is the statement that is refused. */
function stated(client, [what, change]) {
  const statement = { fingerprint: 'f', consent_scopes: ['analytics'], consent_at: '2026-01-01T00:00:00Z' };
  const whole = typeof change === 'string' || Buffer.isBuffer(change);
  const body = whole ? change : JSON.stringify({ ...statement, ...change });
  const bytes = post(client, client.path('/api/sync'), [['origin', client.origin]], body);
  return { what: `/api/sync, from its origin: ${what}`, kind: 'whole', reuse: true, bytes };
}

function queried(client, endpoint, query) {
  const path = client.path(endpoint, null) + query;
  return { what: `${endpoint}${query.slice(0, 40)}`, kind: 'whole', reuse: true, bytes: post(client, path, [], '{}') };
}

function wrongMethod(client, endpoint, method) {
  const bytes = Buffer.from(`${method} ${client.path(endpoint)} HTTP/1.1\r\nHost: ${client.url.host}\r\n\r\n`);
  return { what: `${method} ${endpoint}`, kind: 'whole', reuse: true, head: method === 'HEAD', bytes };
}

function wrongPath(client, path) {
  const full = client.url.pathname.replace(/\/$/, '') + path;
  return { what: `POST ${path}`, kind: 'whole', reuse: true, bytes: post(client, full, [], '{}') };
}

function chunked(client, endpoint, [what, body]) {
  const content = Buffer.from(body);
  const start = head(client, client.path(endpoint), [['transfer-encoding', 'chunked']]);
  const size = content.length > 0 ? `${content.length.toString(16)}\r\n` : '';
  const chunk = content.length > 0 ? Buffer.concat([Buffer.from(size), content, Buffer.from('\r\n')]) : content;
  const bytes = Buffer.concat([start, chunk, Buffer.from('0\r\n\r\n')]);
  return { what: `${endpoint}, chunked: ${what}`, kind: 'whole', reuse: true, bytes };
}

/** Nobody can tell where these end: a server may hang up, but not with a 5xx. */
function broken(client, endpoint, what) {
  const path = client.path(endpoint);
  const bytes = {
    'bad chunk': Buffer.concat([head(client, path, [['transfer-encoding', 'chunked']]), Buffer.from('zz\r\n\r\n')]),
    'no host': Buffer.from(`POST ${path} HTTP/1.1\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`),
    'two lengths': head(client, path, [['content-length', '0'], ['content-length', '2']]),
    'length and chunks': Buffer.concat([head(client, path, [['content-length', '2'], ['transfer-encoding', 'chunked']]), Buffer.from('0\r\n\r\n')]),
    'bad header': Buffer.from(`POST ${path} HTTP/1.1\r\nHost: ${client.url.host}\r\nb ad: x\r\ncontent-length: 0\r\n\r\n`),
  }[what];
  return { what: `${endpoint}: ${what}`, kind: 'broken', bytes };
}

/** Left in the middle of the body. */
function aborted(client, endpoint) {
  const bytes = Buffer.concat([head(client, client.path(endpoint), [['content-length', '1000']]), Buffer.from('{"finger')]);
  return { what: `${endpoint}: left in the middle`, kind: 'aborted', bytes };
}

function post(client, path, headers, body) {
  const content = Buffer.from(body);
  return Buffer.concat([head(client, path, [...headers, ['content-length', content.length]]), content]);
}

function head(client, path, headers) {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`POST ${path} HTTP/1.1\r\nHost: ${client.url.host}\r\n${lines}\r\n`, 'latin1');
}

/** Mulberry32: the same numbers for the same seed, on every machine. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
