/**
 * `npm run test:contract`: compares the copy of the AWS service model with botocore. Fails if the copy is not that of the
 * release in requirements.txt. Then reports what the newest release has in addition, which is no failure.
 *
 * With `--pinned`, it compares with the release in requirements.txt only. With `--write`, it replaces the copy by that of
 * this release. The last line counts the comparisons.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findPython, IN_VENV, InstallationError, installPython, run } from '../clients/installation.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const COPY = join(ROOT, 'scripts', 'aws-model', 'identity-shapes.json');

/** The status of scripts/aws-model.ts if the copy and botocore differ. */
const DIFFERENT = 3;

const say = (text) => process.stdout.write(`${text}\n`);

/** Returns the version of the installed botocore, and its folder of service models. */
function installedBotocore(python) {
  const program =
    "import botocore, os; print(botocore.__version__, os.path.join(os.path.dirname(botocore.__file__), 'data'), sep='\\n')";
  const { status, stdout } = spawnSync(python, ['-c', program], { encoding: 'utf8' });
  const [version, data] = stdout.split(/\r?\n/);
  if (status !== 0 || !version || !data) throw new InstallationError(`${python} has no botocore`);
  return { version, data };
}

/** Returns the lines that differ; none if the copy is that of this botocore. */
function differences({ version, data }, ...options) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', 'tsx/cjs', join(ROOT, 'scripts', 'aws-model.ts'), data, version, ...options],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0 && status !== DIFFERENT) throw new Error(`scripts/aws-model.ts failed: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Returns whether the copy is that of the pinned release, in content and in name. */
function isCopyOfPinned(write) {
  const botocore = installedBotocore(installPython(import.meta.dirname));
  const lines = differences(botocore, ...(write ? ['--write'] : []));
  if (write) {
    say(
      `The copy is that of botocore ${botocore.version}. Format it with prettier. Changes: ${lines.length}`,
    );
    for (const line of lines) say(`  ${line}`);
    return true;
  }
  const { source } = JSON.parse(readFileSync(COPY, 'utf8'));
  if (lines.length === 0 && source.startsWith(`botocore ${botocore.version}:`)) {
    say(`The copy of the service model is that of botocore ${botocore.version}.`);
    return true;
  }
  say(
    `The copy of the service model is not that of botocore ${botocore.version}; its source is "${source}".`,
  );
  for (const line of lines) say(`  ${line}`);
  return false;
}

/** Reports what the newest release has. Returns false if it could not be installed. */
function reportNewest() {
  const folder = mkdtempSync(join(tmpdir(), 'agent-identity-botocore-'));
  try {
    const python = join(folder, IN_VENV);
    run(findPython(), ['-m', 'venv', folder], ROOT);
    run(python, ['-m', 'pip', 'install', '--quiet', 'botocore'], ROOT);
    const newest = installedBotocore(python);
    const lines = differences(newest);
    say(
      lines.length === 0
        ? `The newest release, botocore ${newest.version}, has nothing new.`
        : `The newest release, botocore ${newest.version}, differs (this is no failure):`,
    );
    for (const line of lines) say(`  ${line}`);
    return true;
  } catch (error) {
    if (!(error instanceof InstallationError)) throw error;
    say(`The newest release could not be installed: ${error.message}`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: { pinned: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
try {
  const passed = isCopyOfPinned(values.write);
  const reported = values.pinned || values.write || reportNewest();
  if (!passed) process.exitCode = 1;
  say(`${passed ? 1 : 0} passed, ${passed ? 0 : 1} failed, ${reported ? 0 : 1} skipped`);
} catch (error) {
  if (!(error instanceof InstallationError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
