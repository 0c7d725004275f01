/** The client of Amazon S3, in the place where the command looks for it. */
'use strict';

const { createRequire } = require('node:module');

// In the package, this file is in dist/lib/cli. Its bundle must not contain the other file again.
const load = createRequire(`${__dirname}/`);

module.exports = load('./aws').s3;
