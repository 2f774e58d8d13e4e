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
];

const QUERIES = ['', '?', '?site', '?site=', '?site=%', '?site=%ff%fe', '?site=a&site=b', '?site[]=a', '?site=%00', `?site=${'a'.repeat(2000)}`, '?site=__proto__'];

const HEADERS = [
  [['webhook-id', 'a'], ['webhook-id', 'b']],
  [['webhook-timestamp', '1'], ['webhook-timestamp', '1']],
  [['webhook-signature', 'v1,'.repeat(1000)]],
  [['webhook-timestamp', '9'.repeat(5000)]],
  [['webhook-id', 'x'.repeat(4000)]],
  [['webhook-id', '\u00ff\u00fe']],
  [['origin', 'null']],
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
    () => signed(client, pick(BODIES)),
    () => queried(client, pick(ENDPOINTS), pick(QUERIES)),
    () => wrongMethod(client, pick(ENDPOINTS), pick(['GET', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'])),
    () => chunked(client, pick(ENDPOINTS), pick(BODIES)),
    () => wrongPath(client, pick(['/', '/api', '/api/sync/', '/api//sync', '/api/call-event/v3', '/%2e%2e/', '/api/sale;x'])),
    () => broken(client, pick(ENDPOINTS), pick(['bad chunk', 'no host', 'bad header'])),
    () => aborted(client, pick(ENDPOINTS)),
  ];
  return Array.from({ length: count }, (_, index) => forms[index % forms.length]());
}

function bodied(client, endpoint, [what, body], headers) {
  const bytes = post(client, client.path(endpoint), headers, body);
  return { what: `${endpoint}: ${what}`, kind: 'whole', reuse: true, bytes };
}

/** Rightly signed, so that it is the body alone that is refused. */
function signed(client, [what, body]) {
  const event = signBytes({ secret: client.secret, body: Buffer.from(body) });
  const bytes = post(client, client.path('/api/call-event/v2'), Object.entries(event.headers), body);
  return { what: `signed: ${what}`, kind: 'whole', reuse: true, bytes };
}

function queried(client, endpoint, query) {
  const path = client.path(endpoint, undefined) + query;
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
