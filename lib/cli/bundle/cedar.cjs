/** Cedar, in the place where the command looks for it. */
'use strict';

const { createRequire } = require('node:module');

// In the package, this file is in dist/lib/cli, and the WebAssembly is next to the functions, which have it, too.
const load = createRequire(`${__dirname}/`);

module.exports = load('../local/handlers');
