'use strict';

/** For what speaks `Request` and `Response`. Such a request does not know its peer: give `ip` where you know it. */

async function receive(gate, request, site, options) {
  const { headers, method, url } = request;
  const body = await readBody(gate, request);
  return gate.callEvent(site, headers, body, { method, url, ...options });
}

async function receiveSync(gate, request, site, options) {
  return gate.syncSession(site, request.headers, await readBody(gate, request), options);
}

/** The URL of a `Request` is what its parser made of it: what a device signs must be in that form. */
async function receiveDevice(gate, request, site, options) {
  const { headers, method, url } = request;
  const body = await readBody(gate, request);
  return gate.device(headers, body, { method, url, ...options, site });
}

/** The body up to the cap and one byte more, by which the gate sees that it is too large. */
async function readBody(gate, request) {
  if (request.bodyUsed) {
    throw new TypeError(
      'the body was read before the gate could see it as it came: give the gate the request ' +
        'before `request.json()` and the like, or a `request.clone()`',
    );
  }
  if (request.body === null) return Buffer.alloc(0);
  const bytesMax = gate.bodyBytesMax;
  const chunks = [];
  let length = 0;
  const reader = request.body.getReader();
  while (length <= bytesMax) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  // What is left is the server's to throw away: to cancel it here could cost the client its answer.
  reader.releaseLock();
  return Buffer.concat(chunks, Math.min(length, bytesMax + 1));
}

/** Exactly what was decided. */
function respond({ body, headers, status }) {
  return new Response(body.length > 0 ? body : null, { status, headers });
}

module.exports = { readBody, receive, receiveDevice, receiveSync, respond };
