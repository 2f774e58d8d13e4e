export const title = 'an event cannot carry consent';

const AT = '2026-01-01T00:00:00Z';
const PAYLOADS = [
  ['consent_scopes on top', { consent_scopes: ['analytics'] }],
  ['consent_at on top', { consent_at: AT }],
  ['consent_scopes nested', { call: { details: [{ consent_scopes: ['analytics'] }] } }],
  ['consent_at nested', { call: { consent_at: AT } }],
  ['consentScopes in camel case', { consentScopes: ['analytics'] }],
  ['consentAt in camel case, nested', { call: { consentAt: AT } }],
];

export async function check(client, { fingerprint }, t) {
  await client.sync(fingerprint, ['analytics', 'marketing']);
  for (const [what, payload] of PAYLOADS) {
    const event = client.event(fingerprint, { payload });
    t.refused(what, await client.call(event), 400, 'consent_in_payload');
    t.refused(`${what}, sent again`, await client.call(event), 400, 'consent_in_payload');
  }
  t.accepted('without them, as a control', await client.call(client.event(fingerprint)));
}
