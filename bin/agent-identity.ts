#!/usr/bin/env node
/** The command `agent-identity`. */
import './node-version.cjs';
import './loopback-proxy';
import './sdk-notices';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { version } from '../lib/cli/package.json';
import { runCommandLine } from '../lib/cli/application';
import { endOnOutputError } from '../lib/cli/output-error';
import { openBrowser, openFile } from '../lib/cli/browser';
import type * as Aws from '../lib/cli/aws';
import type * as Cedar from '../lib/cli/cedar';
import type * as S3 from '../lib/cli/s3';
import type * as Serve from '../lib/local/serve';

endOnOutputError();

const load = createRequire(__filename);

void runCommandLine({
  args: process.argv.slice(2),
  version,
  process,
  stdin: process.stdin,
  loadService: () => load('../lib/local/serve') as typeof Serve,
  loadLocal: () => load('../lib/local/serve') as typeof Serve,
  loadAws: () => load('../lib/cli/aws') as typeof Aws,
  loadS3: () => load('../lib/cli/s3') as typeof S3,
  loadCedar: () => load('../lib/cli/cedar') as typeof Cedar,
  templates: join(__dirname, '../lib/cli/templates'),
  openBrowser,
  openFile,
}).then((status) => {
  process.exitCode = status;
});
