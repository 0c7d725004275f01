/**
 * Runs the Python agent, examples/python/agent.py, as a separate process, if there is a Python with the AWS SDK. The
 * process gets the agent's AWS keys, and no other secret of this process.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Service } from './service';

const FOLDER = join(__dirname, '..', 'python');
const [SCRIPTS, PYTHON] = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
const VENV = join(FOLDER, '.venv');

/** Milliseconds until the agent must answer, and between two checks. */
const START_MILLISECONDS = 60_000;
const LOOK_MILLISECONDS = 50;

/** Characters of its output that the error message quotes when it does not start. */
const LAST_WORDS = 500;

/** Ends the agent when this process ends for any reason, because that closes the agent's standard input. */
const RUNNER = `
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
runpy.run_path(sys.argv[1], run_name="__main__")
`;

export interface PythonAgentOptions extends Service {
  /** The port to listen on. */
  readonly port: number;
  /** Name of the credential provider. */
  readonly calendarProvider: string;
  readonly eventsUrl: string;
}

export interface PythonAgent {
  readonly close: () => Promise<void>;
}

/** The reason why the agent does not run, and what to do, for the user to read. */
export class PythonAgentError extends Error {
  override readonly name = 'PythonAgentError';
}

/**
 * Returns a Python that has the AWS SDK: the Python that PYTHON names, the virtual environment next to the agent, or a
 * Python on the path.
 *
 * @throws PythonAgentError when there is none.
 */
function findPython(): string {
  const localPython = join(VENV, SCRIPTS, PYTHON);
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : [localPython, 'python3', 'python'];
  const found = candidates.find(
    (candidate) =>
      // Only find the SDK, because loading it takes a second.
      spawnSync(candidate, ['-c', IS_THERE], { stdio: 'ignore', timeout: START_MILLISECONDS }).status === 0,
  );
  if (found !== undefined) return found;
  const chosen = process.env.PYTHON;
  if (chosen) {
    throw new PythonAgentError(
      `PYTHON is set to ${chosen}, which is not Python 3.10 or later with the AWS SDK. Unset PYTHON, or install the SDK for it:\n  ${installWith(chosen)}`,
    );
  }
  throw new PythonAgentError(
    `The Python agent needs Python 3.10 or later with the AWS SDK. To install it:\n  python3 -m venv ${shellWord(VENV)} && ${installWith(localPython)}`,
  );
}

/** Uses absolute paths, because the user can be in any folder (`npm --prefix … start`). */
const installWith = (python: string): string =>
  `${shellWord(python)} -m pip install -r ${shellWord(join(FOLDER, 'requirements.txt'))}`;

const shellWord = (text: string): string => (/^[\w./:\\-]+$/.test(text) ? text : `"${text}"`);

const IS_THERE = `import sys, importlib.util as u; sys.exit(sys.version_info < (3, 10) or not u.find_spec("bedrock_agentcore"))`;

/**
 * Starts the agent and waits until it answers.
 *
 * @throws PythonAgentError when there is no suitable Python, or the agent does not start.
 */
export async function startPythonAgent(options: PythonAgentOptions): Promise<PythonAgent> {
  const child = spawn(findPython(), ['-c', RUNNER, join(FOLDER, 'agent.py')], {
    env: environment(options),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let lastWords = '';
  child.stderr.on(
    'data',
    (text: Buffer) => (lastWords = `${lastWords}${text.toString()}`.slice(-LAST_WORDS)),
  );
  const ended = once(child, 'exit');
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  try {
    await untilItAnswers(child, options.port);
    // From now on, the AWS SDK logs authorization URLs that only the user's browser must see.
    child.stderr.removeAllListeners('data').resume();
    return { close };
  } catch (error) {
    await close();
    if (error instanceof PythonAgentError)
      throw new PythonAgentError(`${error.message}\n${lastWords}`.trimEnd());
    throw error;
  }
}

function environment({ endpoint, region, principals, ...options }: PythonAgentOptions): NodeJS.ProcessEnv {
  const foreign = /^(AWS_|BEDROCK_AGENTCORE_|PYTHONPATH$|DOCKER_CONTAINER$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(kept),
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    PORT: String(options.port),
    AGENT_HOST: '127.0.0.1',
    CALENDAR_PROVIDER: options.calendarProvider,
    CALENDAR_EVENTS_URL: options.eventsUrl,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: principals.agent.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principals.agent.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    BEDROCK_AGENTCORE_DP_ENDPOINT: endpoint,
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

async function untilItAnswers(child: ChildProcess, port: number): Promise<void> {
  const giveUpAt = Date.now() + START_MILLISECONDS;
  while (Date.now() < giveUpAt) {
    if (child.exitCode !== null) {
      throw new PythonAgentError(
        `The Python agent exited with status ${child.exitCode} instead of listening on port ${port}.`,
      );
    }
    const answer = await fetch(`http://127.0.0.1:${port}/ping`).catch(() => undefined);
    if (answer?.ok) return;
    await wait(LOOK_MILLISECONDS);
  }
  throw new PythonAgentError(
    `The Python agent did not answer within ${START_MILLISECONDS / 1000} seconds. Try again.`,
  );
}
