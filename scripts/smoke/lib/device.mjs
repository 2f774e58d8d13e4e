// A device that shares no code with the gate: HKDF, HMAC and SHA-256 of node:crypto.
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const DOMAIN = 'consentgate/device/v1';

/** The secret of a device, from the site's master key as its configuration writes it. */
export function secretOf({ master, site, deviceId }) {
  const key = Buffer.from(master.replace(/^whsec_/, ''), 'base64');
  return Buffer.from(hkdfSync('sha256', key, '', [DOMAIN, site, deviceId, '0'].join('\0'), 32));
}

/** The value of `X-Device-Auth`. */
export function signDevice({ secret, site, deviceId, method, path, body, atMs = Date.now(), nonce = randomBytes(16).toString('hex') }) {
  const timestamp = Math.floor(atMs / 1000);
  const digest = createHash('sha256').update(body).digest('hex');
  const lines = [DOMAIN, site, method, path, digest, deviceId, timestamp, nonce];
  const mac = createHmac('sha256', secret).update(lines.join('\n')).digest('hex');
  return [deviceId, timestamp, nonce, mac].join(':');
}
