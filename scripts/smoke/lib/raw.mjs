// One HTTP/1.1 exchange over a bare socket: for requests that no HTTP library would agree to send.
import net from 'node:net';
import tls from 'node:tls';

/**
 * Writes the bytes of each request in turn, waiting for the answer of one before the next is sent.
 * Resolves to `{ statuses, dropped }`: what was answered, and why an answer is missing, if one is.
 * A server that announced that it closes is not asked again.
 */
export function exchange(url, requests, { timeoutMs }) {
  return new Promise((resolve) => {
    const socket = connect(url);
    const statuses = [];
    let received = Buffer.alloc(0);
    const finish = (dropped) => {
      socket.destroy();
      resolve({ statuses, dropped });
    };
    const next = () => {
      if (statuses.length === requests.length) finish();
      else socket.write(requests[statuses.length].bytes);
    };
    const advance = (ended) => {
      const answer = parse(received, { ended, head: requests[statuses.length].head });
      if (!answer) return ended && finish('the connection closed before the whole answer');
      statuses.push(answer.status);
      received = received.subarray(answer.length);
      return answer.closes || ended ? finish() : next();
    };
    socket.setTimeout(timeoutMs, () => finish(`no answer within ${timeoutMs} ms`));
    socket.on('error', (error) => finish(error.code ?? error.message));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      advance(false);
    });
    socket.on('end', () => advance(true));
    socket.on('close', () => finish('the connection closed without an answer'));
    socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', next);
  });
}

/** Sends the beginning of a request, waits a moment and hangs up. */
export function abandon(url, bytes, { lingerMs = 20 } = {}) {
  return new Promise((resolve) => {
    const socket = connect(url);
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.on('close', resolve);
    socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy?.() ?? socket.destroy(), lingerMs));
    });
  });
}

function connect(url) {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'https:') return net.connect({ host, port: url.port || 80 });
  return tls.connect({ host, port: url.port || 443, servername: net.isIP(host) ? '' : host });
}

/** The first whole answer in `bytes`, or undefined while some of it is still to come. */
function parse(bytes, { ended, head }) {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? NaN);
  const bodyStart = headEnd + 4;
  if (status >= 100 && status < 200) {
    const final = parse(bytes.subarray(bodyStart), { ended, head });
    return final && { ...final, length: final.length + bodyStart };
  }
  const field = (name) => new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(text.slice(0, headEnd))?.[1];
  const closes = /\bclose\b/i.test(field('connection') ?? '') || text.startsWith('HTTP/1.0');
  const answer = (length, closing = closes) => (bytes.length >= length ? { status, length, closes: closing } : undefined);
  if (head || status === 204 || status === 304) return answer(bodyStart);
  if (/chunked/i.test(field('transfer-encoding') ?? '')) {
    const last = /(?:^|\r\n)0\r\n\r\n/.exec(text.slice(bodyStart));
    return last ? answer(bodyStart + last.index + last[0].length) : undefined;
  }
  const length = field('content-length');
  if (length !== undefined) return answer(bodyStart + Number(length));
  return ended ? answer(bytes.length, true) : undefined;
}
