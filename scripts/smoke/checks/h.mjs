export const title = 'analytics without marketing: accepted, its sale skipped';

export async function check(client, { fingerprint }, t) {
  t.answer('sync', await client.sync(fingerprint, ['analytics']), 200, { status: 'accepted' });
  const response = await client.call(client.event(fingerprint));
  const callId = t.accepted('call', response);
  t.ok('the answer tells nothing of marketing', !/marketing/i.test(response.body), response);
  t.answer('its sale', await client.sale(callId), 200, { status: 'no_consent', marketing: 'skipped' });
}
