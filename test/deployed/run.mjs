/**
 * `npm run test:deployed`: the real `cdk bootstrap`, `cdk deploy` and `cdk destroy`, and the deployed functions at work,
 * in an AWS emulator that this project had no part in (MiniStack). The last line counts the checks.
 *
 * With `AGENT_IDENTITY_ENDPOINT`, what makes sense there is checked against a deployment in an account, with the
 * credentials and Region of AWS's default chain.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { InstallationError } from '../clients/installation.mjs';
import { startEmulator } from './emulator/process.mjs';

/** Exit code of a program that Ctrl-C has ended, as shells have it: 128 and the signal's number. */
const INTERRUPTED = 130;

/** The checks end by themselves at a signal; the emulator is there until they have. */
async function runChecks(env) {
  const checks = spawn(process.execPath, ['--require', 'tsx/cjs', join(import.meta.dirname, 'main.ts')], {
    cwd: join(import.meta.dirname, '..', '..'),
    env: { ...env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => checks.kill('SIGTERM'));
  const [status] = await once(checks, 'exit');
  return status ?? INTERRUPTED;
}

async function main() {
  if (process.env.AGENT_IDENTITY_ENDPOINT) return runChecks(process.env);
  const emulator = await startEmulator();
  try {
    return await runChecks(emulator.environment);
  } finally {
    await emulator.stop();
  }
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    const known = error instanceof InstallationError;
    process.stderr.write(
      known ? `\n*** THE DEPLOYMENT WAS NOT TRIED: ${error.message} ***\n\n` : `${error.stack}\n`,
    );
    process.exitCode = 1;
  },
);
