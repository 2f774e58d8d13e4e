// One wrong behaviour an entry: what it does to a sound FakeGate, the checks that must fail of it
// (the one it is aimed at first), and words of the assertion that must have seen it.
import { json, refusal, withHeader } from './fake-gate.mjs';

// More copies of one event than any check but I sends: a race is imitated by count, not left to timing.
const MANY = 25;

export const BREAKS = [
  broken('a header says who it is', 'N', 'headers alone that say who it is: want 401', (_gate, _server, voice) => {
    const { principal } = voice;
    voice.principal = (headers) =>
      headers['x-user-id'] && !headers.authorization
        ? { tenant: headers['x-tenant-id'], roles: [headers['x-roles']], exp: Infinity }
        : principal.call(voice, headers);
  }),
  broken('a violation is not written down', 'N', 'written down once', (_gate, _server, voice) => {
    voice.writes = ({ kind }) => (kind === 'cross_tenant' ? 0 : 1);
  }),
  broken('a header says for which tenant', 'N', 'headers that say something else: want a connection', (_gate, _server, voice) => {
    const { principal } = voice;
    voice.principal = (headers) => {
      const known = principal.call(voice, headers);
      return { ...known, tenant: headers['x-tenant-id'] ?? known.tenant };
    };
  }),
  broken('a token that is over counts', 'N', 'a token that is over: want 401', (_gate, _server, voice) => {
    voice.isFresh = () => true;
  }),
  broken('a connection outlives its token', 'N', 'its connection ends with it', (_gate, _server, voice) => {
    voice.leftMs = () => 60_000;
  }),
  broken('any tenant will do', 'N', 'another tenant: want 403', (_gate, _server, voice) => {
    voice.named = (_named, own) => own;
  }),
  broken('no tenant is the own one', 'N', 'no tenant: want 403', (_gate, _server, voice) => {
    voice.named = (named, own) => (named === undefined ? own : voice.id(named, 403));
  }),
  broken('of two tenants the first counts', 'N', 'two tenants: want 403', (_gate, _server, voice) => {
    voice.tenantOf = ([tenant]) => tenant;
  }),
  broken('case tells tenants apart', 'N', 'the tenant as', (_gate, _server, voice) => {
    voice.folded = (id) => id;
  }),
  broken('what looks alike is the same', 'N', 'a full-width letter: want 403', (_gate, _server, voice) => {
    voice.folded = (id) => id.normalize('NFKC').toLowerCase();
  }),
  broken('a session is found by its id alone', 'N', "another tenant's session by its id", (_gate, _server, voice) => {
    voice.own = (session) => session;
  }),
  broken('a denial says why', 'N', 'a session that is not there: want closed', (_gate, _server, voice) => {
    voice.closing = (error) => [1008, error?.status === 404 ? 'not found' : 'denied'];
  }),
  broken('a refusal names the tenant', 'N', 'it names nothing', (_gate, _server, voice) => {
    const { refusal: plain } = voice;
    voice.refusal = (error) => plain(error).replace('connection', 'x-tenant: acme\r\nconnection');
  }),
  broken('who is hung up on is still heard', 'N', 'nobody else was heard', (_gate, _server, voice) => {
    voice.hears = () => true;
  }),
  broken('a violation is not counted', 'N', 'each violation is counted once', (_gate, _server, voice) => {
    voice.own = (session, tenant) => {
      if (session?.tenant !== tenant) throw Object.assign(new Error('not found'), { status: 404 });
      return session;
    };
  }),

  broken('a webhook is known by a header that is not signed', 'L', 'as another delivery', (gate) => {
    gate.hookKey = (tag, headers) => `hook ${tag} ${headers['x-github-delivery']}`;
  }),
  broken('a webhook is not claimed while it is worked on', 'L', 'one is accepted', (gate) => {
    const { hold } = gate;
    gate.hold = (keys) => {
      if (!keys[0].startsWith('hook')) hold.call(gate, keys);
    };
  }),

  broken('a statement is refused', 'ABDEFGHIJ', 'sync: want 200', (gate) => {
    gate.merge = (session) => session;
    gate.stated = () => gate.malformed();
  }),
  broken('the answer to a statement may be cached', 'A', 'may be cached', (gate) => {
    gate.stated = () => ({ ...json(200, { status: 'accepted' }), headers: [['content-type', 'application/json']] });
  }),

  broken('the sale of a consented call is skipped', 'B', 'its sale: want', (gate) => {
    gate.conversion = () => ({ status: 'no_consent', marketing: 'skipped' });
  }),
  broken('a sale is queued anew each time', 'B', 'told twice: want', (gate) => {
    const { conversion } = gate;
    gate.conversion = (call) => ({ ...conversion(call), ...(call.marketing && { status: 'accepted' }) });
  }),
  broken('a sale of no call is taken', 'B', 'the sale of no call', (gate) => {
    gate.noCall = () => json(200, { status: 'noop', marketing: 'enqueued' });
  }),

  broken('an unknown site is a 404', 'C', 'an unknown site', (gate) => {
    one401(gate, 'unknown site', () => refusal(404, 'not_found', 'There is no such site'));
  }),
  broken('one 401 has a header more', 'C', 'no id', (gate) => {
    one401(gate, 'malformed', (answer) => withHeader(answer, 'www-authenticate', 'signature'));
  }),
  broken('one 401 has its headers in another order', 'C', 'a future timestamp', (gate) => {
    one401(gate, 'future', (answer) => ({ ...answer, headers: answer.headers.toReversed() }));
  }),
  broken('one 401 says why', 'C', 'a stale timestamp', (gate) => {
    one401(gate, 'stale', () => refusal(401, 'unauthenticated', 'The timestamp is too old'));
  }),
  broken('a stale event is taken', 'C', 'a stale timestamp', (gate) => {
    gate.stale = () => undefined;
  }),
  broken('a forged event is taken', 'C', 'a bad signature', (gate) => {
    gate.matches = () => true;
  }),

  broken('an event may carry consent', 'D', 'consent_scopes on top', (gate) => {
    gate.carriesConsent = () => false;
  }),
  broken('consent is seen on top alone', 'D', 'consent_at nested', (gate) => {
    gate.carriesConsent = (payload) => Object.keys(payload).some((key) => gate.isConsent(key));
  }),
  broken('consent is not seen in camel case', 'D', 'consentScopes in camel case', (gate) => {
    gate.isConsent = (key) => ['consent_scopes', 'consent_at'].includes(key);
  }),
  broken('consent is refused once', 'D', 'sent again', (gate) => {
    const seen = new Set();
    gate.consentRefused = ({ 'webhook-id': id }) => {
      if (seen.has(id)) return gate.duplicate();
      seen.add(id);
      return refusal(400, 'consent_in_payload', 'An event cannot carry consent');
    };
  }),

  broken('a replay is told by the header text', 'E', 'junk before it', (gate) => {
    gate.claimKeys = ({ 'webhook-signature': signature }) => [signature];
  }),
  broken('a re-signed event is a new one', 'E', 're-signed', (gate) => {
    gate.claimKeys = (headers) => [`${headers['webhook-id']}.${headers['webhook-timestamp']}`];
  }),
  broken('a respelled signature is a new event', 'E', 'with trailing bits set', (gate) => {
    const bytes = (token) => Buffer.from(token.slice('v1,'.length), 'base64').toString('base64');
    gate.matches = (signature, right) => signature.split(' ').some((token) => bytes(token) === bytes(right));
    gate.claimKeys = ({ 'webhook-signature': signature }) => [signature];
  }),
  broken('a replay tells the call id', 'EIL', 'again: want 200 {"status":"noop"}', (gate) => {
    gate.duplicate = () => json(200, { status: 'noop', call_id: '0'.repeat(32) });
  }),

  broken('one 204 has a header more', 'F', 'analytics withdrawn', (gate) => {
    one204(gate, 'withdrawn', (answer) => withHeader(answer, 'x-reason', 'withdrawn'));
  }),
  broken('one 204 may be cached', 'F', 'the same event again', (gate) => {
    one204(gate, 'refused before', (answer) => ({ ...answer, headers: [['cache-control', 'private']] }));
  }),
  broken('no session is told from no consent', 'F', 'no session: want 204', (gate) => {
    one204(gate, 'unknown', () => refusal(404, 'not_found', 'There is no such session'));
  }),
  broken('consent opens an event refused before', 'F', 'consent given later', (gate) => {
    const { settle } = gate;
    gate.settle = (keys, outcome) => settle.call(gate, keys, outcome === 'refused' ? undefined : outcome);
  }),

  broken('the limit is not enforced', 'G', 'at most', (gate) => {
    gate.spend = () => 0;
  }),
  broken('the bucket is smaller than told', 'G', 'at least', (gate) => {
    gate.capacity -= 2;
  }),
  broken('the bucket never fills again', 'G', 'after that time', (gate) => {
    const { spend } = gate;
    gate.spend = (fingerprint) => spend.call(gate, fingerprint, 0);
  }),
  ...['0.5', '0', ''].map((wait) =>
    broken(`Retry-After is "${wait}"`, 'G', 'whole seconds', (gate) => {
      gate.limited = () => refusal(429, 'rate_limited', 'Too many requests', wait);
    }),
  ),
  broken('a full bucket is a 503', 'G', 'all others are 429', (gate) => {
    gate.limited = () => refusal(503, 'unavailable', 'The service is unavailable', 1);
  }),

  broken('a sale is enqueued without marketing', 'H', 'its sale: want', (gate) => {
    gate.conversion = () => ({ status: 'noop', marketing: 'enqueued' });
  }),
  broken('the sender learns of marketing', 'H', 'tells nothing of marketing', (gate) => {
    gate.accepted = ({ id, marketing }) => json(200, { status: 'accepted', call_id: id, marketing });
  }),

  broken('a race among copies makes a second call', 'I', 'exactly one accepted: got 2 of 50', (gate) => {
    const copy = counter();
    gate.claimKeys = ({ 'webhook-id': id }) => [copy(id) <= MANY ? id : `${id} again`];
  }),
  broken('an event in flight is held beyond its lease', 'I', 'within the lease', (gate) => {
    oneCopy(gate, refusal(409, 'in_flight', 'The same event is being processed', gate.leaseS + 1));
  }),
  broken('a copy is told of another call', 'I', 'one call id', (gate) => {
    oneCopy(gate, json(200, { status: 'noop', call_id: '0'.repeat(32) }));
  }),

  broken('an older grant undoes a withdrawal', 'J', 'call after it: still', (gate) => {
    const { merge } = gate;
    gate.merge = (session, scopes, atMs) =>
      scopes.includes('analytics') ? { scopes, changedMs: atMs } : merge(session, scopes, atMs);
  }),
  broken('a withdrawal is not heeded', 'JF', 'call after it: want 204', (gate) => {
    const { merge } = gate;
    gate.merge = (session, scopes, atMs) => (scopes.length === 0 ? session : merge(session, scopes, atMs));
  }),
  broken('no grant opens what was withdrawn', 'J', 'after a newer grant', (gate) => {
    const { merge } = gate;
    gate.merge = (session, scopes, atMs) =>
      session.withdrawn ? session : { ...merge(session, scopes, atMs), withdrawn: scopes.length === 0 };
  }),

  broken('malformed JSON is a 500', 'K', 'no server error', (gate) => {
    gate.malformed = () => refusal(500, 'unavailable', 'Something went wrong');
  }),
  broken('what is no HTTP is a 500', 'K', 'no server error', (_, server) => {
    server.on('clientError', (_error, socket) => socket.end('HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n'));
  }),
  broken('a body over the cap is hung up on', 'K', 'an answer', (_, server) => {
    server.on('request', ({ headers, socket }) => Number(headers['content-length']) > 65_536 && socket.destroy());
  }),
  broken('the connection is dropped after a 413', 'K', '413, then healthz on the same connection', (_, server) => {
    server.on('request', ({ socket }, response) => {
      response.on('finish', () => response.statusCode === 413 && socket.destroySoon());
    });
  }),
  broken('a site that is named oddly is a 500', 'K', '?site=%', (_, server) => {
    server.prependListener('request', ({ url }, response) => {
      if (/\?site=%/.test(url)) Object.assign(response, { writeHead: () => response.constructor.prototype.writeHead.call(response, 500) });
    });
  }),
  broken('a sale that is no JSON is a 500', 'K', '/api/sale, signed: ', (gate) => {
    const { sale } = gate;
    gate.sale = (request) => {
      try {
        if (gate.doubt(request) === undefined) JSON.parse(request.body);
        return sale.call(gate, request);
      } catch {
        return refusal(500, 'unavailable', 'Something went wrong');
      }
    };
  }),
  broken('a statement that is malformed is a 500', 'K', '/api/sync, from its origin: ', (gate) => {
    const { sync } = gate;
    gate.sync = (request) => {
      const answer = sync.call(gate, request);
      return answer.status === 400 ? refusal(500, 'unavailable', 'Something went wrong') : answer;
    };
  }),
  broken('one method is never answered', 'K', 'no answer within', (_, server) => {
    server.prependListener('request', ({ method }, response) => {
      if (method === 'PATCH') Object.assign(response, { writeHead() {}, end() {} });
    });
  }),
  broken('a request left in the middle is the end', 'K', 'then healthz', (gate, server) => {
    const unavailable = () => refusal(503, 'unavailable', 'The service is unavailable', 1);
    server.on('request', (request) => request.on('error', () => Object.assign(gate, { healthz: unavailable })));
  }),

  broken("a device's request may come twice", 'M', 'sent again: want 401', (gate) => {
    gate.isNew = () => true;
  }),
  broken("a device's query is not signed", 'M', 'its request: want 200', (gate) => {
    gate.signedPath = (url) => url.split('?')[0];
  }),
  broken('a used nonce is told', 'M', 'another body: the same 401', (gate) => {
    one401(gate, 'nonce', (answer) => withHeader(answer, 'www-authenticate', 'nonce'));
  }),
];

function broken(name, fails, says, change) {
  return { name, fails: [...fails], says, change };
}

/** Changes the answer to requests that are doubted for one reason, and to no others. */
function one401(gate, reason, change) {
  const { unauthenticated } = gate;
  gate.unauthenticated = (why) => (why === reason ? change(unauthenticated()) : unauthenticated());
}

function one204(gate, reason, change) {
  const { nothing } = gate;
  gate.nothing = (why) => (why === reason ? change(nothing()) : nothing());
}

/** Gives one copy out of many this answer. */
function oneCopy(gate, answer) {
  const { call } = gate;
  const copy = counter();
  gate.call = (request) => (copy(request.headers['webhook-id']) === MANY ? answer : call.call(gate, request));
}

/** How often it has been asked about an id. */
function counter() {
  const counts = new Map();
  return (id) => {
    counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts.get(id);
  };
}
