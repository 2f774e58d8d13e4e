'use strict';

const { adapter } = require('./adapter.js');

const { readBody, receive, receiveDevice, receiveSync } = adapter({
  message: (request) => request,
  url: (request) => request.originalUrl,
  cure: 'mount the routes of the gate before `express.json()` and other body parsers',
});

/** Sends exactly what was decided. */
function respond(decision, response) {
  response.statusCode = decision.status;
  for (const [name, value] of Object.entries(decision.headers)) response.setHeader(name, value);
  response.end(decision.body);
}

module.exports = { readBody, receive, receiveDevice, receiveSync, respond };
