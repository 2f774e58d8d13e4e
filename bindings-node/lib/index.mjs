import consentgate from './index.js';

export const {
  AsyncGate,
  ConfigError,
  Conversion,
  Decision,
  Gate,
  NotWritten,
  memory,
  postgres,
  redis,
  sign,
  sqlite,
  verify,
} = consentgate;
