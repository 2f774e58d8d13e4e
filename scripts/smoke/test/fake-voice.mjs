// Voice connections as a client sees them, in a few lines. Sound as it stands; each method decides one thing, so that
// breaks.mjs can replace one and leave the rest right.
import { createHmac, randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { WebSocketServer } from 'ws';

const ROLES = { agent: ['connect', 'start', 'say'], listener: ['connect'] };

class Denied extends Error {
  constructor(status, kind) {
    super(kind);
    Object.assign(this, { status, kind });
  }
}

export class FakeVoice {
  counts = {};
  written = 0;
  sessions = new Map();
  sockets = new WebSocketServer({ noServer: true });

  constructor({ voiceSecret }) {
    this.secret = voiceSecret;
  }

  upgrade(request, socket, head) {
    try {
      const principal = this.principal(request.headers);
      const tenant = this.tenantOf(new URL(request.url, 'http://localhost').searchParams.getAll('tenant'));
      this.require(principal, 'connect', tenant);
      this.sockets.handleUpgrade(request, socket, head, (ws) => this.converse(ws, principal));
    } catch (error) {
      this.count(error);
      socket.end(this.refusal(error));
    }
  }

  converse(ws, principal) {
    const hangUp = (error) => {
      this.count(error);
      ws.close(...this.closing(error));
    };
    const timer = setTimeout(hangUp, this.leftMs(principal), undefined);
    ws.on('close', () => clearTimeout(timer));
    ws.on('message', (data) => {
      if (!this.hears(ws)) return;
      try {
        ws.send(JSON.stringify(this.answer(principal, JSON.parse(data))));
      } catch (error) {
        hangUp(error);
      }
    });
  }

  answer(principal, { type, tenant, session }) {
    if (type === 'start') {
      const made = { session: randomUUID(), tenant: this.require(principal, 'start', tenant), said: 0 };
      this.sessions.set(made.session, made);
      return { session: made.session };
    }
    if (type !== 'say') throw new Error('no such message');
    const found = this.own(this.sessions.get(session), this.require(principal, 'say', tenant));
    found.said += 1;
    return { session, said: found.said };
  }

  principal({ authorization = '' }) {
    const [scheme, token = ''] = authorization.split(' ');
    const claims = scheme === 'Bearer' ? this.verified(token) : undefined;
    if (claims === undefined) throw new Denied(401, 'unauthenticated');
    this.id(claims.sub, 401);
    return { ...claims, tenant: this.id(claims.tenant, 401) };
  }

  verified(token) {
    const [head, body, tag] = token.split('.');
    if (tag !== createHmac('sha256', this.secret).update(`${head}.${body}`).digest('base64url')) return undefined;
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    return claims.aud === 'voice' && this.isFresh(claims) ? claims : undefined;
  }

  isFresh({ exp }) {
    return exp * 1000 > Date.now();
  }

  leftMs({ exp }) {
    return exp * 1000 - Date.now();
  }

  tenantOf([tenant, ...more]) {
    return more.length === 0 ? tenant : undefined;
  }

  require({ tenant, roles }, need, named) {
    if (this.named(named, tenant) !== tenant) throw new Denied(403, 'cross_tenant');
    if (!roles.some((role) => ROLES[role]?.includes(need))) throw new Denied(403, 'forbidden');
    return tenant;
  }

  named(tenant) {
    return this.id(tenant, 403);
  }

  id(given, status) {
    const id = typeof given === 'string' ? this.folded(given.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '')) : '';
    if (id === '') throw new Denied(status, 'missing_tenant');
    if (!/^[a-z0-9._-]{1,64}$/.test(id)) throw new Denied(status, 'malformed_id');
    return id;
  }

  folded(id) {
    return id.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  }

  own(session, tenant) {
    if (session === undefined) throw new Denied(404);
    if (session.tenant !== tenant) throw new Denied(404, 'cross_tenant');
    return session;
  }

  hears(ws) {
    return ws.readyState === ws.OPEN;
  }

  closing() {
    return [1008, 'denied'];
  }

  refusal({ status }) {
    return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
  }

  count(error) {
    if (!error?.kind) return;
    this.counts[error.kind] = (this.counts[error.kind] ?? 0) + 1;
    this.written += this.writes(error);
  }

  /** How often a denial is written down. */
  writes(_error) {
    return 1;
  }

  metrics() {
    const kinds = ['unauthenticated', 'malformed_id', 'missing_tenant', 'cross_tenant', 'forbidden'];
    const counts = kinds.map((kind) => `consentgate_violations_total{kind="${kind}",severity="low"} ${this.counts[kind] ?? 0}\n`);
    return `${counts.join('')}consentgate_audit_written_total ${this.written}\n`;
  }
}
