import consentgate from './index.js';

export const { AsyncGate, ConfigError, Decision, Gate, NotWritten, memory, sign, verify } =
  consentgate;
