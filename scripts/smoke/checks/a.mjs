export const title = 'a statement with both scopes is accepted';

export async function check(client, { fingerprint }, t) {
  const response = await client.sync(fingerprint, ['analytics', 'marketing']);
  t.answer('sync', response, 200, { status: 'accepted' });
  t.ok('nothing of it may be cached', response.headers['cache-control'] === 'no-store', response.headers['cache-control']);
}
