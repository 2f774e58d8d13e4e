import { randomUUID } from 'node:crypto';

export const title = 'a device: its request once, where it was meant for, and one 401 for all else';

export async function check(client, _settings, t) {
  const deviceId = `smoke-${randomUUID()}`;
  const first = client.deviceRequest(deviceId);
  t.answer('its request', await client.send(first), 200, { device: deviceId });
  const again = await client.send(first);
  t.refused('sent again', again, 401, 'unauthenticated');

  const changed = (change) => ({ ...client.deviceRequest(deviceId), ...change });
  const value = (change) => changed({ headers: { 'x-device-auth': change(client.deviceRequest(deviceId).headers['x-device-auth']) } });
  const hourMs = 3_600_000;
  for (const [what, request] of [
    ['another body', changed({ body: '{"kwh":18}' })],
    ['another query', changed({ path: `${first.path}&kwh=18` })],
    ['an empty header', value(() => '')],
    ['another last digit', value((text) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0'))],
    ['upper-case digits', value((text) => text.replace(/[^:]+$/, (mac) => mac.toUpperCase()))],
    ['another device', value((text) => `x${text}`)],
    ['a stale timestamp', client.deviceRequest(deviceId, { atMs: Date.now() - hourMs })],
    ['a future timestamp', client.deviceRequest(deviceId, { atMs: Date.now() + hourMs })],
    ['an unknown site', client.deviceRequest(deviceId, { site: 'nobody' })],
  ]) {
    t.sameBytes(`${what}: the same 401`, await client.send(request), again);
  }
  t.answer('signed anew', await client.send(client.deviceRequest(deviceId)), 200, { device: deviceId });
}
