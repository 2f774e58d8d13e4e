export const title = 'a signed call is accepted, its sale enqueued';

export async function check(client, { fingerprint }, t) {
  await client.sync(fingerprint, ['analytics', 'marketing']);
  const callId = t.accepted('call', await client.call(client.event(fingerprint)));
  // The conversion took its place in the queue with the call; a sale finds it there, as often as it is told.
  t.answer('its sale', await client.sale(callId), 200, { status: 'noop', marketing: 'enqueued' });
  t.answer('its sale, told twice', await client.sale(callId), 200, { status: 'noop', marketing: 'enqueued' });
  t.refused('the sale of no call', await client.sale('0'.repeat(32)), 404, 'not_found');
}
