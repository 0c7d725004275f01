/**
 * Entry of `npm start`: checks the version of Node.js, and loads the program in TypeScript in this same process, so that
 * signals reach it.
 */
'use strict';

require('./node-version.cjs');
require('tsx/cjs');
require('./local.ts');
