import consentgate from './index.js';

export const {
  Admission,
  AsyncAdmission,
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
