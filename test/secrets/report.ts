/** What the watches of all test files found, as lines of one file, which `npm run test:secrets` reads. */
import { appendFile } from 'node:fs/promises';
import type { Findings } from './secret-watch';

/** The file. The watch is off without it. */
const { SECRETS_REPORT } = process.env;

export const WATCHES_SECRETS = SECRETS_REPORT !== undefined;

/** @throws Error if there is a leak */
export async function report(findings: Findings): Promise<void> {
  if (SECRETS_REPORT !== undefined) await appendFile(SECRETS_REPORT, `${JSON.stringify(findings)}\n`);
  if (findings.leaks.length > 0)
    throw new Error(`Secrets in the wrong place: ${JSON.stringify(findings.leaks, undefined, 1)}`);
}
