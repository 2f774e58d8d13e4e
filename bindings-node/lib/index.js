'use strict';

const { Decision } = require('./decision.js');
const { ConfigError, NotWritten } = require('./errors.js');
const { AsyncGate, Gate } = require('./gate.js');
const { sign, verify } = require('./stateless.js');
const { memory } = require('./stores.js');

module.exports = { AsyncGate, ConfigError, Decision, Gate, NotWritten, memory, sign, verify };
