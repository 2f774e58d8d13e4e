export const title = 'a webhook without a person is let in once';

const AT_ONCE = 20;

export async function check(client, _settings, t) {
  const hook = client.webhook();
  t.answer('signed', await client.hook(hook), 200, { status: 'accepted' });
  t.noop('again', await client.hook(hook));
  const renamed = { ...hook, headers: { ...hook.headers, 'x-github-delivery': 'another' } };
  t.noop('as another delivery of the same bytes', await client.hook(renamed));

  const fresh = client.webhook();
  const copies = await Promise.all(Array.from({ length: AT_ONCE }, () => client.hook(fresh)));
  const accepted = copies.filter(({ status, json }) => status === 200 && json?.status === 'accepted');
  t.ok(`of ${AT_ONCE} copies at once, one is accepted`, accepted.length === 1, String(accepted.length));
  const others = copies.filter((response) => !accepted.includes(response));
  const expected = others.every(({ status, json }) => status === 409 || (status === 200 && json?.status === 'noop'));
  t.ok('all others are 409 or noop', expected, copies.map(({ status }) => status).join());
  t.noop('and again afterwards', await client.hook(fresh));

  const forged = { ...client.webhook(), body: '{"forged":true}' };
  const refused = await client.hook(forged);
  t.refused('another body', refused, 401, 'unauthenticated');
  const { 'x-hub-signature-256': _tag, ...unsigned } = hook.headers;
  t.sameBytes('without a signature: the same 401', await client.hook({ ...hook, headers: unsigned }), refused);
}
