'use strict';

const { adapter } = require('./adapter.js');

const { readBody, receive, receiveDevice, receiveSync } = adapter({
  message: (request) => request.raw,
  url: (request) => request.originalUrl,
  cure: 'register the routes of the gate in a scope of their own, and call `rawBodies(scope)` there',
});

/** Sends exactly what was decided. */
function respond(decision, reply) {
  reply.code(decision.status).headers(decision.headers);
  // Fastify would name the type of an empty body, too.
  return decision.body.length > 0 ? reply.send(decision.body) : reply.send();
}

/** Makes a scope leave every body unread, of whatever type. */
function rawBodies(scope) {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
}

module.exports = { rawBodies, readBody, receive, receiveDevice, receiveSync, respond };
