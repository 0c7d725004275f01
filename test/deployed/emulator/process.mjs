/** The AWS emulator in its own process: on loopback only, with its state in a temporary folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { becameReady, freePort, killGroup, LOOPBACK } from '../../clients/background-process.mjs';
import { installNode24, installPython } from '../../clients/installation.mjs';

const ENTRY = join(import.meta.dirname, 'emulator.py');
const REGION = 'eu-central-1';

const READY_MILLISECONDS = 60_000;

/** Time limit for the emulator to end by itself. */
const STOP_MILLISECONDS = 10_000;

/** Lines of the emulator's log that are shown when it does not start. */
const LOG_LINES = 20;

/** This process's environment without settings that would redirect AWS SDK clients or requests to loopback. */
function cleanEnvironment() {
  const foreign = /^(AWS_|CDK_|MINISTACK_|LOCALSTACK_|NODE_OPTIONS$|PYTHONPATH$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(kept),
    NO_PROXY: LOOPBACK,
    no_proxy: LOOPBACK,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}

/** The credentials of the account's root user in the emulator. */
const ROOT = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

async function end(child) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
    await gone;
    clearTimeout(impatience);
  }
  killGroup(child);
}

/**
 * @param functions variables for all functions, in addition to those of each. `NODE_OPTIONS` are added to the function's
 * @returns the environment for AWS SDK clients and the CDK, and a function that stops the emulator
 * @throws Error with the end of the emulator's log if it does not become ready
 */
export async function startEmulator(functions = {}) {
  const python = installPython(import.meta.dirname);
  const node = installNode24(import.meta.dirname);
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-emulator-'));
  const port = await freePort();
  const endpoint = `http://${LOOPBACK}:${port}`;
  const environment = { ...cleanEnvironment(), ...ROOT, AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION };
  const child = spawn(python, [ENTRY], {
    cwd: folder,
    env: {
      ...environment,
      // Its functions run with the first `node` on the path.
      PATH: [node, environment.PATH].join(delimiter),
      // Files of the emulator and its functions, which are removed with the folder.
      TMPDIR: folder,
      BIND_HOST: LOOPBACK,
      GATEWAY_PORT: String(port),
      MINISTACK_REGION: REGION,
      S3_DATA_DIR: join(folder, 's3'),
      AUTH: 'true',
      FUNCTION_VARIABLES: JSON.stringify(functions),
      // These services would listen on every interface.
      IOT_MTLS_ENABLED: 'false',
      SFTP_ENABLED: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group, because Ctrl-C must first end the checks, which still need the emulator.
    detached: true,
  });
  const logFile = join(folder, 'emulator.log');
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const killNow = () => killGroup(child);
  process.on('exit', killNow);
  const stop = async () => {
    await end(child);
    process.off('exit', killNow);
    log.end();
    await rm(folder, { recursive: true, force: true });
  };
  if (await becameReady(child, `${endpoint}/_localstack/health`, READY_MILLISECONDS)) {
    return {
      environment: { ...environment, AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: endpoint },
      stop,
    };
  }
  const text = await readFile(logFile, 'utf8').catch(() => '');
  await stop();
  throw new Error(
    `The emulator did not become ready:\n${text.trimEnd().split('\n').slice(-LOG_LINES).join('\n')}`,
  );
}
