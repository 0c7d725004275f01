/** The checks of `npm run test:deployed`; run.mjs starts them, with the emulator in the environment. */
import '../program/quiet';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interruption } from '../program/interruption';
import { checkAccount } from './account';
import { Cdk } from './cdk';
import { exitCodeOf, print, run } from './check-program';
import { Checks, Stopped } from './checks';
import { Commands } from './commands';
import { checkEmulated } from './emulated';

async function main(): Promise<number> {
  const interrupted = interruption();
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-deployed-'));
  const commands = new Commands();
  const cdk = new Cdk(folder, commands);
  const checks = new Checks(print);
  const { AGENT_IDENTITY_ENDPOINT: account } = process.env;
  const checked = account ? checkAccount(checks, account) : checkEmulated(checks, { cdk, commands, folder });
  const checking = checked.catch((error: unknown) => {
    if (!(error instanceof Stopped)) throw error;
    print(`\n"${error.message}" failed, so the checks after it did not run.`);
  });
  try {
    return await exitCodeOf(checks, checking, interrupted);
  } finally {
    commands.end();
    await rm(folder, { recursive: true, force: true });
  }
}

run(main);
