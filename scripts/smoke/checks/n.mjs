import { isDeepStrictEqual } from 'node:util';
import { randomBytes, randomUUID } from 'node:crypto';
import { Line, Voice, tokenOf } from '../lib/voice.mjs';

export const title = 'voice: one tenant each, asked at every step, and nothing told to who is denied';

const CLOSED = 'closed 1008 denied';

export async function check(client, _settings, t) {
  const { site, voiceSecret: secret } = client;
  const other = `smoke-other-${randomBytes(4).toString('hex')}`;
  const claims = { tenant: site, sub: `smoke-${randomUUID()}`, roles: ['agent'] };
  // The same name in another tenant is somebody else.
  const foreign = { token: tokenOf(secret, { ...claims, tenant: other }), query: `?tenant=${other}` };
  const world = { site, other, secret, claims, foreign, token: tokenOf(secret, claims) };
  const voice = new Voice(client);
  try {
    const before = client.metrics && (await voice.violations());
    const denied = await speaks(voice, world, t);
    if (before) t.ok(...counted(denied, before, await voice.violations()));
  } finally {
    voice.close();
  }
}

/** Tries each step, allowed and denied; tells how many violations of each kind that makes. */
async function speaks(voice, world, t) {
  const { site, secret, claims, token } = world;
  const open = async (what, options) => {
    const line = await voice.connect(options);
    if (!t.ok(`${what}: want a connection`, line instanceof Line, line)) throw new Error(`there is none: ${what}`);
    return line;
  };
  const own = await open('the own tenant', { token });
  const { session } = JSON.parse(await own.ask({ type: 'start', tenant: site }));
  const say = { type: 'say', tenant: site, session };
  let said = 0;
  const says = async (what, line, message = say) => {
    said += 1;
    const heard = await line.ask(message);
    t.ok(`${what}: want it said`, heard === JSON.stringify({ session, said }), heard);
  };
  await says('the own session', own);
  for (const spelling of [site.toUpperCase(), ` ${site}\t`]) {
    const line = await open(`the tenant as ${JSON.stringify(spelling)}`, { token, query: `?tenant=${encodeURIComponent(spelling)}` });
    await says('a session looked up again', line, { ...say, tenant: spelling });
  }
  const claimed = { 'x-tenant-id': world.other, 'x-user-id': 'root', 'x-roles': 'none' };
  await says('they change nothing', await open('headers that say something else', { token, headers: claimed }));

  const denied = [...(await refused(voice, world, t)), ...(await hungUpOn(open, say, world, t))];

  const brief = await open('a token that is soon over', { token: tokenOf(secret, { ...claims, seconds: 2 }) });
  const end = await brief.next().catch((error) => error.message);
  t.ok('its connection ends with it', end === CLOSED, end);
  await says('nobody else was heard', own);
  return denied;
}

/** Upgrades that are refused; the kinds of violation that they are. */
async function refused(voice, world, t) {
  const names = new RegExp([world.site, world.other, world.claims.sub].join('|'));
  const firsts = {};
  for (const [what, status, , options] of connects(world)) {
    const response = await voice.connect(options);
    if (!t.ok(`${what}: want ${status} at connect`, response.status === status, response)) continue;
    firsts[status] ??= response;
    t.sameBytes(`${what}: the same ${status}`, response, firsts[status]);
    t.ok(`${what}: it names nothing`, !names.test(response.bytes), response);
  }
  return connects(world).map(([, , kind]) => kind);
}

/** Messages that end their connection; the kinds of violation that they are, if they are one. */
async function hungUpOn(open, say, world, t) {
  for (const [what, , message, options = { token: world.token }] of messages(say, world)) {
    const line = await open(what, options);
    line.send(message);
    // What follows at once finds the connection closed.
    line.send(say);
    const heard = await line.next();
    t.ok(`${what}: want ${CLOSED}`, heard === CLOSED, heard);
  }
  return messages(say, world).map(([, kind]) => kind).filter(Boolean);
}

/** Whether each violation was counted, and once. */
function counted(kinds, before, after) {
  const times = (kind) => (kind === 'written' ? kinds : kinds.filter((one) => one === kind)).length;
  const want = Object.fromEntries(Object.keys(after).map((kind) => [kind, times(kind)]));
  const got = Object.fromEntries(Object.entries(after).map(([kind, count]) => [kind, count - before[kind]]));
  return [`each violation is counted once, and written down once: want ${JSON.stringify(want)}`, isDeepStrictEqual(got, want), JSON.stringify(got)];
}

/** Spellings that look like the site or hide in it, and are no tenant's id. */
const tricks = (site) => [
  ['a Cyrillic letter', `${site.slice(0, -1)}\u0435`],
  ['a full-width letter', String.fromCodePoint(site.codePointAt(0) + 0xfee0) + site.slice(1)],
  ['a zero-width space', `${site}\u200b`],
  ['a right-to-left mark', `\u202e${site}`],
  ['a combining mark', `${site}\u0301`],
  ['NUL', `${site}\0`],
  ['a path', `${site}/../${site}`],
  ['65 bytes', site.padEnd(65, 'x')],
];

/** Upgrades that must be refused: what, with which status, counted as which kind, and how. */
function connects({ site, other, secret, claims, token, foreign }) {
  const signed = (changes, key = secret) => ({ token: tokenOf(key, { ...claims, ...changes }) });
  const asks = (tenant, more = { token }) => ({ ...more, query: `?tenant=${encodeURIComponent(tenant)}` });
  return [
    ['no token', 401, 'unauthenticated', {}],
    ['headers alone that say who it is', 401, 'unauthenticated', { headers: { 'x-user-id': claims.sub, 'x-tenant-id': site, 'x-roles': 'agent' } }],
    ['a token that is none', 401, 'unauthenticated', { token: 'x' }],
    ['a token as another scheme', 401, 'unauthenticated', { headers: { authorization: `Basic ${token}` } }],
    ['a token of another secret', 401, 'unauthenticated', signed({}, randomBytes(32))],
    ['a token without a signature', 401, 'unauthenticated', signed({ alg: 'none' })],
    ['a token that is over', 401, 'unauthenticated', signed({ seconds: -60 })],
    ['a token for somebody else', 401, 'unauthenticated', signed({ aud: 'mail' })],
    ['a token of no tenant', 401, 'missing_tenant', signed({ tenant: undefined })],
    ['a token of a user that looks like another', 401, 'malformed_id', signed({ sub: `${claims.sub}\u0435` })],
    ...tricks(site).map(([what, tenant]) => [`a token of a tenant with ${what}`, 401, 'malformed_id', signed({ tenant })]),
    ['another tenant', 403, 'cross_tenant', asks(other)],
    ['the tenant by a token of another', 403, 'cross_tenant', { ...foreign, headers: { 'x-tenant-id': site }, query: `?tenant=${site}` }],
    ['no tenant', 403, 'missing_tenant', { token, query: '' }],
    ['an empty tenant', 403, 'missing_tenant', asks('')],
    ['white space', 403, 'missing_tenant', asks(' \t')],
    ['two tenants', 403, 'missing_tenant', { token, query: `?tenant=${site}&tenant=${other}` }],
    ['no role', 403, 'forbidden', signed({ roles: [] })],
    ['a role that nobody knows', 403, 'forbidden', signed({ roles: ['Agent', 'admin', 'voice.connect'] })],
    ...tricks(site).map(([what, tenant]) => [`a tenant with ${what}`, 403, 'malformed_id', asks(tenant)]),
  ];
}

/** Messages that must end their connection: what, counted as which kind, the message, and who connects. */
function messages(say, { site, other, secret, claims, foreign }) {
  const nobodys = randomUUID();
  return [
    ['a session for another tenant', 'cross_tenant', { type: 'start', tenant: other }],
    ['a session for no tenant', 'missing_tenant', { type: 'start' }],
    ['a session without the role', 'forbidden', { type: 'start', tenant: site }, { token: tokenOf(secret, { ...claims, roles: ['listener'] }) }],
    ['a message for another tenant', 'cross_tenant', { ...say, tenant: other }],
    ['a message for no tenant', 'missing_tenant', { ...say, tenant: undefined }],
    ['a message for a tenant that is a number', 'missing_tenant', { ...say, tenant: 1 }],
    ...tricks(site).map(([what, tenant]) => [`a message for a tenant with ${what}`, 'malformed_id', { ...say, tenant }]),
    ["another tenant's session by its id", 'cross_tenant', { ...say, tenant: other }, foreign],
    ['a session that is not there', undefined, { ...say, session: nobodys }],
    ["another tenant's session that is not there", undefined, { ...say, tenant: other, session: nobodys }, foreign],
    ['a session by the name of what every object has', undefined, { ...say, session: '__proto__' }],
    ['a message that is none', undefined, { ...say, type: 'sing' }],
    ['no JSON', undefined, '{'],
    ['null', undefined, 'null'],
  ];
}
