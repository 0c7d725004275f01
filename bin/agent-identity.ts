#!/usr/bin/env node
/** The command `agent-identity`. */
import './node-version.cjs';
import { createRequire } from 'node:module';
import { version } from '../lib/cli/package.json';
import { runCommandLine } from '../lib/cli/application';
import type * as Serve from '../lib/local/serve';

const load = createRequire(__filename);

void runCommandLine({
  args: process.argv.slice(2),
  version,
  process,
  loadService: () => load('../lib/local/serve') as typeof Serve,
}).then((status) => {
  process.exitCode = status;
});
