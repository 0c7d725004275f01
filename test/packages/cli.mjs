/** The tarball of @agent-identity/cli: its size, its command line, and the service that it runs, on each Node.js. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { URL } from 'node:url';
import { cleanEnvironment, npmInstall, run, writeFiles } from './consumer-folder.mjs';
import { diskUsage } from './disk-usage.mjs';
import { installNodes } from './node-versions.mjs';

/** Disk space of an installation, in bytes. LevelDB, prebuilt for each platform, has 7 MB of it, Cedar 4 MB, and the examples 2 MB. */
const MAX_INSTALLED_BYTES = 22_000_000;

const AWS_CLIENTS = ['@aws-sdk/client-bedrock-agentcore', '@aws-sdk/client-bedrock-agentcore-control'];

const BIN = 'node_modules/@agent-identity/cli/dist/bin/agent-identity.js';

/** Creates the workload identity, or reads it when it exists, and gets a token for it. */
const AGENT = `
import {
  BedrockAgentCoreClient, GetWorkloadAccessTokenForUserIdCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import {
  BedrockAgentCoreControlClient, CreateWorkloadIdentityCommand, GetWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';

const settings = { endpoint: process.env.ENDPOINT };
const name = 'my-agent';
const control = new BedrockAgentCoreControlClient(settings);
const Command = process.env.EXISTS === 'yes' ? GetWorkloadIdentityCommand : CreateWorkloadIdentityCommand;
const { workloadIdentityArn } = await control.send(new Command({ name }));
const { workloadAccessToken } = await new BedrockAgentCoreClient(settings).send(
  new GetWorkloadAccessTokenForUserIdCommand({ workloadName: name, userId: 'alice' }),
);
const [, claims] = workloadAccessToken.split('.');
console.log(workloadIdentityArn, JSON.parse(Buffer.from(claims, 'base64url')).sub);
`;

/** Runs the command to its end. */
async function outcome(node, folder, args, env = {}, input = '') {
  const child = spawn(node, [join(folder, BIN), ...args], {
    cwd: folder,
    env: { ...cleanEnvironment(), HOME: folder, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that does not read stdin can end before.
  child.stdin.on('error', () => undefined).end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

/** Starts `agent-identity local`, calls the function with the JSON line, and stops it with SIGTERM. */
async function whileRunning(node, folder, home, use) {
  const child = spawn(node, [join(folder, BIN), 'local', '--port', '0', '--json'], {
    cwd: folder,
    env: { ...cleanEnvironment(), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: undefined, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const ended = once(child, 'close');
  try {
    let result;
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('{"ready":true')) continue;
      result = await use(JSON.parse(line));
      child.kill('SIGTERM');
    }
    const [status] = await ended;
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    return result;
  } finally {
    child.kill('SIGKILL');
  }
}

async function checkCommandLine(node, folder, version) {
  const usage = await outcome(node, folder, ['local', '--prot', '1']);
  assert.deepEqual(usage, {
    status: 2,
    stdout: '',
    stderr: 'There is no option --prot. Did you mean --port? Run the command with --help for its options.\n',
  });
  const port = await outcome(node, folder, ['local', '--port', 'http']);
  assert.deepEqual([port.status, port.stdout], [2, '']);
  assert.match(port.stderr, /^--port must be a number [^\n]*\n$/);

  // Neither version nor help loads the service, so both work without it.
  const [service, hidden] = ['lib', 'hidden'].map((name) => join(folder, BIN, '..', '..', name));
  await rename(service, hidden);
  try {
    assert.deepEqual(await outcome(node, folder, ['--version']), {
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
    assert.match((await outcome(node, folder, [])).stdout, /^ {2}local /m);
  } finally {
    await rename(hidden, service);
  }
}

/** The example calendar of the package. */
async function checkExamples({ calendar }) {
  const { issuer } = await (await globalThis.fetch(calendar.discoveryUrl)).json();
  assert.equal(issuer, calendar.issuer);
}

/** Two starts with one data folder, each with requests of AWS SDK clients. */
async function checkService(node, folder, agent, home) {
  await mkdir(home);
  const call = async ({ endpoint, region, principals }, exists) => {
    const { accessKeyId, secretAccessKey } = principals.operator;
    return run(node, ['agent.mjs'], agent, {
      ENDPOINT: endpoint,
      EXISTS: exists,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    });
  };
  const created = await whileRunning(node, folder, home, async (ready) => {
    await checkExamples(ready);
    const taken = await outcome(node, folder, ['local', '--port', new URL(ready.endpoint).port], {
      DATA_DIR: join(home, 'another'),
    });
    assert.deepEqual([taken.status, taken.stdout], [1, '']);
    assert.match(taken.stderr, /^Port \d+[^\n]* is taken\. [^\n]*\n$/);
    const inUse = await outcome(node, folder, ['local', '--port', '0'], { HOME: home });
    assert.match(inUse.stderr, /^The data folder is in use: [^\n]*\n$/);
    return call(ready, 'no');
  });
  const read = await whileRunning(node, folder, home, (ready) => call(ready, 'yes'));
  assert.equal(read, created);
  assert.match(created, /\/workload-identity\/my-agent user-id:alice$/m);
}

/** Nothing listens there, so a portal with this provider cannot work. */
const UNREACHABLE = 'http://127.0.0.1:9/.well-known/openid-configuration';

/** The commands that send requests, against the service of the same package. */
async function checkCommands(node, folder, home) {
  await mkdir(home);
  await whileRunning(node, folder, home, async ({ endpoint, region, principals }) => {
    const { accessKeyId, secretAccessKey } = principals.operator;
    const env = {
      HOME: home,
      AGENT_IDENTITY_ENDPOINT: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const command = (text, input) => outcome(node, folder, [...text.split(' '), '--json'], env, input);
    const result = async (text, input) => {
      const { status, stdout, stderr } = await command(text, input);
      assert.equal(status, 0, `${text}: ${stderr}`);
      return JSON.parse(stdout);
    };
    await result('agent add travel');
    await result('provider add weather --api-key', 'key');
    const { checks } = await result('doctor');
    assert.ok(checks.some(({ status, check }) => status === 'ok' && check === 'operator'));
    await result(`provider add idp --vendor custom --client-id c --discovery-url ${UNREACHABLE}`, 'secret');
    const { oauth2CredentialProviders, apiKeyCredentialProviders } = await result('provider list');
    assert.deepEqual(
      [oauth2CredentialProviders, apiKeyCredentialProviders].map(([{ name }]) => name),
      ['idp', 'weather'],
    );
    assert.deepEqual(await result('grants list --agent travel'), { grants: [] });

    const { userHash } = await result('user suspend --user-id ana');
    const { suspensions } = await result('user list');
    assert.deepEqual(
      suspensions.map((listed) => listed.userHash),
      [userHash],
    );
    assert.ok((await result(`user resume --user-hash ${userHash}`)).liftedSuspension);

    const portal = await command('portal add p --agent travel --sign-in idp --scope profile');
    assert.equal(portal.status, 1, portal.stderr);
    assert.equal(JSON.parse(portal.stdout).status, 'FAILED');
    assert.match(portal.stderr, /"name":"PortalFailed"/);
    assert.equal((await result('portal list')).consentPortals.length, 1);
    assert.equal((await result('portal delete p --yes')).deleted, true);

    const entry = await result('audit --operation SuspendUser');
    assert.deepEqual([entry.operation, entry.user], ['SuspendUser', userHash]);
  });
}

const parse = async (path) => JSON.parse(await readFile(path, 'utf8'));

/** A release that a dependency makes after this one must not reach the computers of operators. */
async function checkVersions(folder) {
  const { packages: locked } = await parse(join(import.meta.dirname, '../../package-lock.json'));
  const { packages: found } = await parse(join(folder, 'node_modules/.package-lock.json'));
  const command = 'node_modules/@agent-identity/cli';
  const { dependencies } = await parse(join(folder, command, 'package.json'));
  const installed = Object.entries(found).filter(([place]) => place !== command);
  assert.ok(installed.length > 10);
  for (const [place, { version }] of installed) {
    assert.equal(version, locked[place]?.version, place);
    assert.equal(version, dependencies[place.replace('node_modules/', '')], place);
  }
}

export async function checkCli({ report, packages, folder }) {
  const consumer = join(folder, 'consumer');
  const agent = join(folder, 'agent');
  const empty = { 'package.json': { private: true } };
  await writeFiles(consumer, empty);
  await writeFiles(agent, { ...empty, 'agent.mjs': AGENT });
  const nodes = await installNodes(agent);
  await npmInstall(agent, AWS_CLIENTS);

  await report.check('npm install succeeds', () => npmInstall(consumer, [packages['agent-identity-cli']]));
  await report.check('the installation has exactly the versions of the lock file', () =>
    checkVersions(consumer),
  );
  await report.check(`the installation has up to ${MAX_INSTALLED_BYTES / 1e6} MB`, async () => {
    const size = await diskUsage(join(consumer, 'node_modules'));
    assert.ok(size < MAX_INSTALLED_BYTES, `${size} bytes are installed`);
  });
  const manifest = await readFile(join(consumer, 'node_modules/@agent-identity/cli/package.json'), 'utf8');
  for (const { version, node } of nodes) {
    await report.check(
      `Node.js ${version}: prints version and help without the service, and rejects wrong input`,
      () => checkCommandLine(node, consumer, JSON.parse(manifest).version),
    );
    await report.check(`Node.js ${version}: serves AWS SDK clients before and after a restart`, () =>
      checkService(node, consumer, agent, join(folder, `home-${version}`)),
    );
    await report.check(`Node.js ${version}: the commands operate the service that it runs`, () =>
      checkCommands(node, consumer, join(folder, `operated-${version}`)),
    );
  }
}
