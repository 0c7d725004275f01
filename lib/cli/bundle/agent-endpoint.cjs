/** The functions of a gate, in the place where lib/local/agent-endpoint.ts looks for them. */
'use strict';

const { createRequire } = require('node:module');

// In the package, this file is in dist/lambda/functions/composition. Its bundle must not contain the other file again.
const load = createRequire(`${__dirname}/`);

module.exports = load('../../../lib/local/handlers');
