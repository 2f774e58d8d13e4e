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
  deviceSecret,
  memory,
  postgres,
  redis,
  sign,
  signDevice,
  sqlite,
  verify,
} = consentgate;
