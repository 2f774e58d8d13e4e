// Voice sessions over a WebSocket. Who may do what for which tenant is asked at each step; whoever is denied is hung up
// on, always in the same way.
import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { Denied } from "consentgate";
import { decodeJwt, errors, jwtVerify } from "jose";
import { WebSocket, WebSocketServer } from "ws";

const MESSAGE_BYTES_MAX = 16_384;
const SESSIONS_MAX = 10_000;
/** How long a session outlives its connection, so that its client can come back. */
const SESSION_REST_MS = 60_000;
/** The longest that a timer can run. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Serves `/voice?tenant=…`, to bearers of a JWT that was signed with `secret`. */
export function serveVoice(server, gate, secret) {
  const guard = gate.guard({ jwt: verifier(secret) });
  const sessions = new Map();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
  });

  /** Who connects, told by the credential alone: no other header says who it is, or whose. */
  async function connect(request) {
    const token = bearer(request);
    const principal = await guard.authenticate("jwt", token);
    guard.require(principal, "voice.connect", tenantOf(request), "connect");
    return { principal, endsMs: decodeJwt(token).exp * 1000 };
  }

  /** What a message comes to; each names its tenant, and is asked about anew. */
  function answer(principal, owned, { type, tenant, session: id }) {
    if (type === "start") {
      const scope = guard.require(
        principal,
        "voice.start",
        tenant,
        "create_session",
      );
      if (sessions.size >= SESSIONS_MAX) throw new Error("too many sessions");
      const session = { id: randomUUID(), tenant: scope.tenant, said: 0 };
      sessions.set(session.id, session);
      owned.add(session.id);
      return { session: session.id };
    }
    if (type !== "say") throw new Error("no such message");
    const scope = guard.require(principal, "voice.say", tenant, "message");
    const found = sessions.get(id);
    const session = scope.own(found, found?.tenant, "find_session");
    session.said += 1;
    return { session: session.id, said: session.said };
  }

  function converse(socket, { principal, endsMs }) {
    const owned = new Set();
    const leftMs = Math.min(Math.max(endsMs - Date.now(), 0), TIMER_MS_MAX);
    // A principal does not expire; its credential does.
    const timer = setTimeout(hangUp, leftMs, socket);
    socket.on("message", (data) => {
      // What came before the other side heard that it was hung up on.
      if (socket.readyState !== WebSocket.OPEN) return;
      try {
        socket.send(JSON.stringify(answer(principal, owned, parsed(data))));
      } catch (error) {
        note(error);
        hangUp(socket);
      }
    });
    socket.on("error", note);
    socket.on("close", () => {
      clearTimeout(timer);
      const forget = () => owned.forEach((id) => sessions.delete(id));
      setTimeout(forget, SESSION_REST_MS).unref();
    });
  }

  // Node hands over whatever asks for an upgrade, whichever path and protocol it asks for.
  server.on("upgrade", async (request, socket, head) => {
    socket.on("error", () => {});
    if (pathOf(request) !== "/voice") return refuse(socket, 404);
    try {
      const who = await connect(request);
      sockets.handleUpgrade(request, socket, head, (ws) => converse(ws, who));
    } catch (error) {
      note(error);
      refuse(socket, error instanceof Denied ? error.status : 500);
    }
  });
}

/** Claims of a JWT that is signed, meant for us and not over. */
function verifier(secret) {
  const key = new TextEncoder().encode(secret);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ["HS256"],
        audience: "voice",
        requiredClaims: ["exp"],
      });
      const { tenant, sub: user, roles } = payload;
      return { tenant, user, roles };
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  };
}

const bearer = ({ headers: { authorization = "" } }) =>
  /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";

const pathOf = ({ url }) => url.split("?", 1)[0];

/** The one tenant that the query names. */
function tenantOf({ url }) {
  const query = new URLSearchParams(url.slice(pathOf({ url }).length));
  const [tenant, ...more] = query.getAll("tenant");
  return more.length === 0 ? tenant : undefined;
}

/** The members of a message; a tenant that is no text is none. What is no JSON has no members. */
function parsed(data) {
  try {
    const { type, tenant, session } = JSON.parse(data) ?? {};
    const named = typeof tenant === "string" ? tenant : undefined;
    return { type, tenant: named, session };
  } catch {
    // What the parser says holds what was sent, which is for no log.
    return {};
  }
}

/** The same bytes for every reason that has this status. */
function refuse(socket, status) {
  const body = JSON.stringify({ title: "the request is denied", status });
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/problem+json",
    "cache-control: no-store",
    `content-length: ${body.length}`,
    ...(status === 503 ? ["retry-after: 1"] : []),
    "connection: close",
  ];
  // Whoever keeps the other half open is not waited for.
  socket.once("finish", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** The same frame for every reason: not allowed, not there, or not to be understood. */
function hangUp(socket) {
  socket.close(1008, "denied");
}

/** For the log, which may know why. What is denied names nobody: a kind, a step, a tenant, a pseudonym. */
function note(error) {
  if (!(error instanceof Denied)) return console.error(error.message);
  if (error.violation) console.log(JSON.stringify(error.violation));
  if (error.cause) console.error(error.cause);
}
