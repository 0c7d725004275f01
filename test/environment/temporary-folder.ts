/**
 * A temporary folder for one run of the tests. The CDK leaves a cloud assembly there for each app, and some packages leave
 * files that no test can name. Programs that tests start inherit it.
 */
import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const PREFIX = 'agent-identity-tests-';

/** Makes a new folder the temporary one of this process, and of those that it starts. */
export async function useNewTemporaryFolder(): Promise<void> {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), PREFIX));
}

/** Returns a new folder for a test. It ends with the run, so no test removes it. */
export const temporaryFolder = (name: string): string => mkdtempSync(join(tmpdir(), `${name}-`));

/** After all tests: removes the folder. Jest calls it in the process that called {@link useNewTemporaryFolder}. */
export default async function removeTemporaryFolder(): Promise<void> {
  const folder = tmpdir();
  if (!basename(folder).startsWith(PREFIX)) return;
  delete process.env.TMPDIR;
  // A program that still ends can write into it during the removal. What it leaves fails no test.
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}
