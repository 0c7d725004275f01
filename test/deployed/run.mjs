/**
 * `npm run test:deployed`: the real `cdk bootstrap`, `cdk deploy`, and `cdk destroy`, and the deployed functions at work,
 * in an independent AWS emulator (MiniStack). The last line counts the checks.
 *
 * With `AGENT_IDENTITY_ENDPOINT`, the suitable checks run against a deployment in an AWS account, with the
 * credentials and Region of the default chain.
 */
import { join } from 'node:path';
import { runChecks } from '../clients/background-process.mjs';
import { InstallationError } from '../clients/installation.mjs';
import { startEmulator } from './emulator/process.mjs';

const MAIN = join(import.meta.dirname, 'main.ts');

async function main() {
  if (process.env.AGENT_IDENTITY_ENDPOINT) return runChecks(MAIN, process.env);
  const emulator = await startEmulator();
  try {
    return await runChecks(MAIN, emulator.environment);
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
