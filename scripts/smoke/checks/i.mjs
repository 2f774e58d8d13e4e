export const title = '50 copies at once make one call';

const COPIES = 50;

export async function check(client, { fingerprint, leaseS }, t) {
  await client.sync(fingerprint, ['analytics', 'marketing']);
  const event = client.event(fingerprint);
  const responses = await Promise.all(Array.from({ length: COPIES }, () => client.call(event)));

  const accepted = responses.filter(({ json }) => json?.status === 'accepted');
  t.ok('exactly one accepted', accepted.length === 1, `${accepted.length} of ${COPIES}`);
  for (const response of accepted) t.accepted('the accepted one', response);
  const ids = new Set(responses.map(({ json }) => json?.call_id).filter((id) => id !== undefined));
  t.ok('one call id', ids.size === 1, `${ids.size} ids`);

  for (const response of responses.filter((one) => !accepted.includes(one))) {
    if (response.status !== 409) {
      t.noop('a copy', response);
      continue;
    }
    t.refused('a copy in flight', response, 409, 'in_flight');
    const wait = response.headers['retry-after'];
    const whole = /^[1-9]\d*$/.test(wait ?? '') && Number(wait) <= leaseS;
    t.ok(`Retry-After in whole seconds, within the lease of ${leaseS} s`, whole, wait);
  }
  t.noop('one more when all is over', await client.call(event));
}
