'use strict';

/** What the adapters for Node's own requests have in common. */

const { isUint8Array } = require('node:util').types;

/**
 * An adapter: `message` finds Node's request in the framework's, `url` its URL, and `cure` says how to keep the
 * framework from parsing bodies.
 */
function adapter({ message, url, cure }) {
  async function readBody(gate, request) {
    return rawBody(message(request), request.body, gate.bodyBytesMax, cure);
  }

  async function receive(gate, request, site, options) {
    const { method, rawHeaders, socket } = message(request);
    const told = { method, url: url(request), ...from(socket, options) };
    return gate.callEvent(site, rawHeaders, await readBody(gate, request), told);
  }

  async function receiveSync(gate, request, site, options) {
    const { rawHeaders, socket } = message(request);
    const told = from(socket, options);
    return gate.syncSession(site, rawHeaders, await readBody(gate, request), told);
  }

  async function receiveDevice(gate, request, site, options) {
    const { method, rawHeaders, socket } = message(request);
    const told = { method, url: url(request), ...from(socket, options), site };
    return gate.device(rawHeaders, await readBody(gate, request), told);
  }

  return { readBody, receive, receiveDevice, receiveSync };
}

/** The peer is the socket's, unless the host tells another: an `undefined`, as of a header that is not there, tells none. */
function from(socket, options) {
  return { ...options, ip: options?.ip === undefined ? socket.remoteAddress : options.ip };
}

function rawBody(message, parsed, bytesMax, cure) {
  // A parser for raw bodies leaves what came.
  if (isUint8Array(parsed)) return parsed;
  const isRead = message.readableDidRead || message.readableEncoding !== null;
  if ((parsed !== undefined && parsed !== null) || isRead) {
    throw new TypeError(`the body was parsed before the gate could see it as it came: ${cure}`);
  }
  return collected(message, bytesMax);
}

/** The body up to the cap and one byte more, by which the gate sees that it is too large. */
function collected(message, bytesMax) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let length = 0;
    const listeners = {
      data(chunk) {
        chunks.push(chunk);
        length += chunk.length;
        if (length > bytesMax) end();
      },
      end,
      error: reject,
      close: () => reject(new Error('the request was aborted')),
    };
    function end() {
      for (const [event, listener] of Object.entries(listeners)) message.off(event, listener);
      // What is left is thrown away as it comes, so that the client gets to read its answer.
      message.resume();
      resolve(Buffer.concat(chunks, Math.min(length, bytesMax + 1)));
    }
    if (message.destroyed) listeners.close();
    for (const [event, listener] of Object.entries(listeners)) message.on(event, listener);
  });
}

module.exports = { adapter };
