/** Messages when there is no Python for the agent in Python, or when it does not start. test/clients tests its answers. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  PythonAgentError,
  startPythonAgent,
  type PythonAgentOptions,
} from '../../examples/local/python-agent';

const keysOf = (secretAccessKey: string) => ({
  arn: 'arn:aws:iam::000000000000:user/ana',
  id: 'AIDAAAAAAAAAAAAAAAAAA',
  accessKeyId: 'AKIAAAAAAAAAAAAAAAAA',
  secretAccessKey,
});

const options: PythonAgentOptions = {
  endpoint: 'http://127.0.0.1:9',
  region: 'us-east-1',
  principals: {
    operator: keysOf('of-the-operator'),
    agent: keysOf('of-the-agent'),
    gate: keysOf('of-the-gate'),
    gateway: keysOf('of-the-gateway'),
    stranger: keysOf('of-the-stranger'),
    partner: keysOf('of-the-partner'),
  },
  port: 9,
  calendarProvider: 'calendar',
  eventsUrl: 'http://127.0.0.1:9/events',
};

const { PYTHON } = process.env;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'python-agent-'));
});

afterEach(async () => {
  if (PYTHON === undefined) delete process.env.PYTHON;
  else process.env.PYTHON = PYTHON;
  await rm(folder, { recursive: true });
});

/** A program that replaces Python: it reports that the AWS SDK is installed, and runs the script as the agent. */
async function insteadOfPython(script: string): Promise<void> {
  process.env.PYTHON = join(folder, 'python');
  await writeFile(process.env.PYTHON, `#!/bin/sh\ncase "$2" in *find_spec*) exit 0;; esac\n${script}\n`);
  await chmod(process.env.PYTHON, 0o755);
}

it('prints how to install a Python for it, from any current folder', async () => {
  delete process.env.PYTHON;
  const { PATH } = process.env;
  process.env.PATH = folder;
  const reason: unknown = await startPythonAgent(options).catch((error: unknown) => error);
  process.env.PATH = PATH;
  const examples = resolve(__dirname, '../../examples/python');
  expect(reason).toBeInstanceOf(PythonAgentError);
  expect((reason as Error).message).toBe(
    `The Python agent needs Python 3.10 or later with the AWS SDK. To install it:\n  python3 -m venv ${examples}/.venv && ${examples}/.venv/bin/python -m pip install -r ${examples}/requirements.txt`,
  );
});

it('reports that the chosen Python cannot be used, and suggests no other', async () => {
  process.env.PYTHON = join(folder, 'absent');
  await expect(startPythonAgent(options)).rejects.toMatchObject({
    name: 'PythonAgentError',
    message: expect.stringMatching(
      /^PYTHON is set to (\S+), which is not Python 3\.10 or later with the AWS SDK\. Unset PYTHON, or install the SDK for it:\n {2}\1 -m pip install -r \/.*requirements\.txt$/,
    ) as string,
  });
});

it("prints the agent's output when the agent does not start", async () => {
  await insteadOfPython('echo "No module named boto3" >&2; exit 3');
  await expect(startPythonAgent(options)).rejects.toMatchObject({
    name: 'PythonAgentError',
    message: 'The Python agent exited with status 3 instead of listening on port 9.\nNo module named boto3',
  });
});

it('makes the agent listen only on loopback, whatever the environment says', async () => {
  process.env.AGENT_HOST = '0.0.0.0';
  await insteadOfPython('env | grep AGENT_HOST >&2; exit 3');
  const error = await startPythonAgent(options).catch((reason: unknown) => String(reason));
  delete process.env.AGENT_HOST;
  expect(error).toMatch(/AGENT_HOST=127\.0\.0\.1$/);
});

it("gives the agent its own keys, and neither another principal's keys nor the process's", async () => {
  process.env.AWS_PROFILE = 'developer';
  await insteadOfPython('env | grep -e AWS_ -e of-the >&2; exit 3');
  const error = await startPythonAgent(options).catch((reason: unknown) => String(reason));
  delete process.env.AWS_PROFILE;
  expect(error).toContain('AWS_SECRET_ACCESS_KEY=of-the-agent');
  expect(error).not.toMatch(/AWS_PROFILE|of-the-(gate|operator|stranger)/);
});
