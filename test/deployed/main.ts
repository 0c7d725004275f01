/** The checks of `npm run test:deployed`; run.mjs starts them, with the emulator in the environment. */
import '../storm/quiet';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INTERRUPTED, interruption } from '../storm/interruption';
import { checkAccount } from './account';
import { Cdk } from './cdk';
import { Checks, Stopped } from './checks';
import { Commands } from './commands';
import { checkEmulated } from './emulated';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

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
  // Errors during the shutdown are expected.
  checking.catch(() => undefined);
  try {
    if ((await Promise.race([checking, interrupted])) === 'interrupted') return INTERRUPTED;
    print(`\n${checks.total}`);
    return checks.good ? 0 : 1;
  } finally {
    commands.end();
    await rm(folder, { recursive: true, force: true });
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : 'not an error object'}\n`,
    );
    process.exit(1);
  },
);
