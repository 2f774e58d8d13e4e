import consentgate = require('consentgate');
import adapter = require('consentgate/fetch');

const gate: consentgate.Gate = new consentgate.Gate('{}');
export const outcome: consentgate.Outcome = gate.erase('acme', 'f').outcome;
export const respond: (decision: consentgate.Decision) => Response = adapter.respond;
