/**
 * All functions in one file of the package, because those of the service and those of a gate have most of their code in
 * common. Each is loaded when it is read: the functions of the service need an environment that a gate does not have.
 */
'use strict';

module.exports = {
  get HANDLERS() {
    return require('../../local/handlers.ts').HANDLERS;
  },
  get GATEWAYS() {
    return require('../../local/handlers.ts').GATEWAYS;
  },
  get createCedar() {
    return require('../../../lambda/adapters/cedar/cedar.ts').createCedar;
  },
  get composeAuthorizer() {
    return require('../../../lambda/functions/composition/agent-endpoint.ts').composeAuthorizer;
  },
  get composeGate() {
    return require('../../../lambda/functions/composition/agent-endpoint.ts').composeGate;
  },
};
