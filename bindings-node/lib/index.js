'use strict';

const { Admission, AsyncAdmission } = require('./admission.js');
const { auditMemory, journal } = require('./audit.js');
const { Conversion } = require('./conversion.js');
const { Decision } = require('./decision.js');
const { ConfigError, Denied, NotWritten } = require('./errors.js');
const { AsyncGate, Gate } = require('./gate.js');
const { AsyncGuard, Guard, Principal, Scope } = require('./guard.js');
const { postgres } = require('./postgres.js');
const { redis } = require('./redis.js');
const { sqlite, sqliteAudit } = require('./sqlite.js');
const { deviceSecret, sign, signDevice, verify } = require('./stateless.js');
const { memory } = require('./stores.js');

module.exports = {
  Admission,
  AsyncAdmission,
  AsyncGate,
  AsyncGuard,
  ConfigError,
  Conversion,
  Decision,
  Denied,
  Gate,
  Guard,
  NotWritten,
  Principal,
  Scope,
  auditMemory,
  deviceSecret,
  journal,
  memory,
  postgres,
  redis,
  sign,
  signDevice,
  sqlite,
  sqliteAudit,
  verify,
};
