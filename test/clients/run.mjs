/**
 * `npm run test:clients`: AWS SDK clients in Python and TypeScript against the running service, as an
 * application would use them. The last line counts the tests of all runs.
 *
 * Then the commands of docs/runbook.md run, the attacks on the audit trail, and the tests of the benchmark's vault.
 *
 * There are two ways of getting boto3 to sign for API Gateway. All Python tests run with the first, and some with the second.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDpopProvider } from './dpop-provider.mjs';
import {
  InstallationError,
  installFrameworks,
  installMcpVersion1,
  installPythonClients,
  installTypescriptClients,
  PYTHON_TESTS,
  TYPESCRIPT_TESTS,
} from './installation.mjs';
import { startLocalService, WITH_AGENT } from './local-service.mjs';

/** The tests that run with the second way of signing: both AWS clients, and the AgentCore SDK. */
const WITH_DATA_PATH = [
  'test_agentcore_sdk.py',
  'test_consent.py',
  'test_control_plane.py',
  'test_gateway.py',
];

const say = (text) => process.stdout.write(`${text}\n`);

/** This process's environment without settings that would redirect AWS SDK clients or requests to loopback. */
function cleanEnvironment() {
  const foreign = /^(AWS_|BEDROCK_AGENTCORE_|PYTEST_|PYTHONPATH$|DOCKER_CONTAINER$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(kept),
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/** The environment of every client: the world for the tests, and the agent's keys for AWS SDK clients. */
function clientEnvironment({ ready, dataDir }, dpop) {
  const { accessKeyId, secretAccessKey } = ready.principals.agent;
  return {
    ...cleanEnvironment(),
    SERVICE: JSON.stringify(ready),
    SERVICE_DATA_DIR: dataDir,
    DPOP_PROVIDER: JSON.stringify(dpop),
    AWS_REGION: ready.region,
    AWS_DEFAULT_REGION: ready.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

const endpointVariables = (endpoint) => ({
  AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: endpoint,
  AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL: endpoint,
});

async function runToEnd(command, arguments_, options) {
  const child = spawn(command, arguments_, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = await once(child, 'exit');
  return status === 0;
}

/** Counts from a JUnit report of pytest. */
function countsOfJunit(report) {
  const count = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(report)?.[1] ?? 0);
  const [failed, skipped] = [count('failures') + count('errors'), count('skipped')];
  return { passed: count('tests') - failed - skipped, failed, skipped };
}

/** Counts from the last lines of a TAP report of Node's test runner. */
function countsOfTap(report) {
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(report)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped') };
}

/** A run with an error status and no failed tests counts as one failure. */
async function counted(succeeded, file, counts) {
  const found = counts(await readFile(file, 'utf8').catch(() => ''));
  return succeeded || found.failed > 0 ? found : { ...found, failed: 1 };
}

async function pytest(python, signing, env, reports, more = [], title = `Python, signing by ${signing}`) {
  say(`\n== ${title}`);
  const report = join(reports, `${title}.xml`);
  const arguments_ = [
    ...['-m', 'pytest', '-q', '--tb=short', '-p', 'no:cacheprovider'],
    ...[`--junitxml=${report}`, ...more],
  ];
  const succeeded = await runToEnd(python, arguments_, {
    cwd: PYTHON_TESTS,
    env: { ...env, SIGNING: signing },
  });
  return counted(succeeded, report, countsOfJunit);
}

async function nodeTest(env, reports) {
  say('\n== TypeScript');
  const report = join(reports, 'typescript.tap');
  const arguments_ = [
    ...['--import', 'tsx', '--test'],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', `--test-reporter-destination=${report}`],
    ...['agentcore-sdk.test.mjs', 'agent-behind-gate.test.mjs', 'frameworks.test.mjs'],
  ];
  const succeeded = await runToEnd(process.execPath, arguments_, { cwd: TYPESCRIPT_TESTS, env });
  return counted(succeeded, report, countsOfTap);
}

/**
 * Tests that start their own servers: the commands of docs/runbook.md, the attacks on the audit trail, and the vault to
 * which the benchmark compares the service.
 */
async function separateTest(title, file, reports) {
  say(`\n== ${title}`);
  const report = join(reports, `${title}.tap`);
  const arguments_ = [
    ...['--import', 'tsx', '--test'],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', `--test-reporter-destination=${report}`],
    join(import.meta.dirname, file),
  ];
  const succeeded = await runToEnd(process.execPath, arguments_, { env: cleanEnvironment() });
  return counted(succeeded, report, countsOfTap);
}

/** The VPC that test_control_plane.py names. */
const NETWORK = {
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: ['subnet-0123456789abcdef0'],
  securityGroupIds: ['sg-0123456789abcdef0'],
  ipv6: false,
};

async function runAll({ python, pythonWithMcp1, pythonWithFrameworks }, reports) {
  // The example agent in Python needs the Python that has the AWS SDK.
  const settings = { PYTHON: python, SERVICE_NETWORK: JSON.stringify(NETWORK) };
  const service = await startLocalService(settings, WITH_AGENT);
  const { endpoint } = service.ready;
  try {
    const callbacks = `${endpoint}/identities/oauth2/callback/`;
    const dpop = await startDpopProvider(callbacks);
    try {
      const env = clientEnvironment(service, dpop);
      const sdkEndpoints = {
        BEDROCK_AGENTCORE_DP_ENDPOINT: endpoint,
        BEDROCK_AGENTCORE_CP_ENDPOINT: endpoint,
      };
      const dataPath = { AWS_DATA_PATH: join(PYTHON_TESTS, 'data-path'), ...endpointVariables(endpoint) };
      return [
        await pytest(python, 'hook', { ...env, ...sdkEndpoints }, reports),
        await pytest(
          pythonWithMcp1,
          'hook',
          { ...env, ...sdkEndpoints },
          reports,
          ['test_mcp_consent.py', 'test_connect_mcp.py', 'test_dpop.py'],
          'Python with version 1 of mcp',
        ),
        await pytest(
          pythonWithFrameworks,
          'hook',
          { ...env, ...sdkEndpoints },
          reports,
          ['frameworks.py'],
          'Frameworks in Python',
        ),
        await pytest(python, 'data-path', { ...env, ...dataPath }, reports, WITH_DATA_PATH),
        await nodeTest({ ...env, ...endpointVariables(endpoint) }, reports),
      ];
    } finally {
      await dpop.stop();
    }
  } finally {
    await service.stop();
  }
}

async function main() {
  const pythons = {
    python: installPythonClients(),
    pythonWithMcp1: installMcpVersion1(),
    pythonWithFrameworks: installFrameworks(),
  };
  installTypescriptClients();
  const reports = await mkdtemp(join(tmpdir(), 'agent-identity-reports-'));
  try {
    const runs = [
      ...(await runAll(pythons, reports)),
      await separateTest('Runbook', 'runbook/runbook.test.mjs', reports),
      await separateTest('Audit trail', 'audit-trail/audit-trail.test.mjs', reports),
      await separateTest('Vault written by hand', 'peers/vault.test.mjs', reports),
    ];
    const sum = (name) => runs.reduce((total, counts) => total + counts[name], 0);
    say(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
    process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

main().catch((error) => {
  const known = error instanceof InstallationError;
  process.stderr.write(
    known ? `\n*** CLIENT TESTS DID NOT RUN: ${error.message} ***\n\n` : `${error.stack}\n`,
  );
  process.exitCode = 1;
});
