/**
 * For `npm run test:contract`, with the arguments `FOLDER VERSION [--write]`: compares the copy of the AWS service model with an installed botocore,
 * or replaces it. FOLDER is botocore's folder `data`. Prints one line for each difference, and ends with status 3 if there
 * are any.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copiedModel, type CopiedModel } from './aws-model/identity-operations';
import { modelChanges } from './aws-model/model-changes';

const COPY = join(__dirname, 'aws-model', 'identity-shapes.json');

/** The status for differences; 1 is that of a failure. */
const DIFFERENT = 3;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const [data, version] = positionals;
if (data === undefined || version === undefined) {
  throw new Error('usage: tsx scripts/aws-model.ts FOLDER VERSION [--write]');
}

const before = JSON.parse(readFileSync(COPY, 'utf8')) as CopiedModel;
const after = copiedModel(data, version);
const lines = modelChanges(before, after);
process.stdout.write(lines.map((line) => `${line}\n`).join(''));
if (values.write) writeFileSync(COPY, `${JSON.stringify(after, undefined, 2)}\n`);
else if (lines.length > 0) process.exitCode = DIFFERENT;
