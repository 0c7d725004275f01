/**
 * Runs every command of docs/runbook.md, in the order of the page: the operations of the service at the running service,
 * and those of AWS, with the AWS CLI, at a server that answers as AWS does.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { installPython } from '../installation.mjs';
import { AwsServer } from './aws.mjs';
import { COMMANDS, FUNCTIONS, RUNBOOK, VARIABLES } from './commands.mjs';
import { FIELDS, World } from './world.mjs';

/** Commands that print nothing when they succeed. */
/** Commands that AWS CLI version 1, the one from pip, does not have. */
const ONLY_IN_VERSION_2 = /configure export-credentials/;

const SILENT = [
  /put-role-policy/,
  /delete-role-policy/,
  /delete-function-concurrency/,
  /put-resource-policy/,
  /tag-resource/,
  /delete-oauth2-credential-provider/,
];

/** Blocks that must not work on what the later ones use. */
const VARIABLES_OF = [[/delete-oauth2-credential-provider/, { PROVIDER: 'doomed' }]];

/** Blocks before which the user grants access again, because an earlier block revoked it. */
const AFTER_CONSENT = [
  /^operate SuspendUser .*userHash/,
  /^operate RevokeGrants .*providerName/,
  /^operate ListGrants .*providerName.*userHash/,
];

/** Values that later blocks need from the output of an earlier one. */
const OUTPUT_VARIABLES = { GRANT_ID: 'grantId', REVOCATION_ID: 'revocationId' };

/** What blocks must print, for those where any output would not be enough. */
const OUTPUT_OF = [
  [
    /^operate ListWorkloadIdentities '\{\}'/,
    [/"name":"travel-agent"/, /audit\.operation=CreateWorkloadIdentity {2}audit\.outcome=allowed {2}n=\d/],
  ],
  [/^operate SuspendWorkloadIdentity/, [/"reason":"incident 42"/]],
  [/^operate ListGrants .*workloadName/, [/"flow":"M2M"/, /"flow":"USER_FEDERATION"/]],
  [/^operate ListGrants .*userHash/, [/"userHash":/]],
  [/^operate ResumeWorkloadIdentity/, [/"liftedSuspension"/, /"suspended":false/]],
  [/^operate SuspendUser .*userHash/, [/"userHash":.*"suspension"/]],
  [/^operate ResumeUser/, [/"liftedSuspension".*\n.*"liftedSuspension"/]],
  [/^operate RevokeGrants .*workloadName/, [/"matched":2/]],
  [/^operate RevokeGrants .*(?:userHash|providerName|grantId)/, [/"matched":1\b/]],
  [/^operate GetRevocation/, [/"counts":.*"grants":/]],
  [/^operate TransferOwnership/, [/"previousOwner".*\n.*"previousOwner"/]],
  [/^rotate "\{\\"revoke/m, [/"revoke":"signing-key","kid":"[^"]+"/]],
  [/^ask .*JTI/, [/GetWorkloadAccessTokenForUserId/, /addresses=2/]],
  [/^ask .*SCOPE/, [/audit\.provider=travel-calendar/]],
  [/restore-table-to-point-in-time/, [/^(CREATING\n){5}$/]],
];

const folder = await mkdtemp(join(tmpdir(), 'agent-identity-runbook-'));
const world = await World.start();
const aws = new AwsServer((group) => world.rowsOf(group), FIELDS);
await aws.start();
const variables = await world.variables();
const python = installPython(import.meta.dirname);

after(async () => {
  await aws.stop();
  await world.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(text, more) {
  const { accessKeyId, secretAccessKey } = world.ready.principals.operator;
  // A program can open a pipe as /dev/stdout, but not the socket that Node.js gives it.
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `(\n${FUNCTIONS}\n${text}\n) | cat`], {
    cwd: folder,
    env: {
      PATH: [dirname(python), process.env.PATH].join(delimiter),
      HOME: folder,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      // The signing name of the service, which the migration guide describes.
      AWS_DATA_PATH: join(import.meta.dirname, '../python/data-path'),
      AWS_ENDPOINT_URL: aws.endpoint,
      NO_PROXY: '127.0.0.1',
      ...variables,
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += chunk));
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

const matching = (table, text) =>
  table.filter(([pattern]) => pattern.test(text)).flatMap(([, value]) => value);

describe('a command of the runbook', () => {
  before(() => writeFile(join(folder, 'provider.json'), JSON.stringify(world.providerConfig)));

  for (const [index, { heading, text, policy }] of COMMANDS.entries()) {
    const [first] = text.split('\n').filter((line) => line !== '');
    it(
      `works: ${heading} (${index + 1}), ${first.slice(0, 80)}`,
      { skip: ONLY_IN_VERSION_2.test(text) },
      async () => {
        if (policy) await writeFile(join(folder, 'policy.json'), policy);
        if (AFTER_CONSENT.some((pattern) => pattern.test(text))) await world.grant();
        const queries = aws.queries.length;
        const { status, stdout, stderr } = await run(
          text,
          Object.assign({}, ...matching(VARIABLES_OF, text)),
        );
        assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, `${stdout}${stderr}`);
        if (!SILENT.some((pattern) => pattern.test(text))) assert.notEqual(stdout.trim(), '');
        for (const [name, member] of Object.entries(OUTPUT_VARIABLES)) {
          variables[name] = new RegExp(`"${member}":"([^"]+)"`).exec(stdout)?.[1] ?? variables[name];
        }
        for (const expected of matching(OUTPUT_OF, text)) assert.match(stdout, expected);
        for (const { queryString, rows } of aws.queries.slice(queries)) {
          assert.notEqual(rows.length, 0, `no line of the log matches ${queryString}`);
          const [{ value }] = rows[0];
          assert.ok(stdout.includes(value), `the output does not have the rows of ${queryString}`);
        }
      },
    );
  }
});

describe('the runbook', () => {
  it('says which variables its commands use, and has no other commands', () => {
    assert.deepEqual(VARIABLES, Object.keys(variables));
    const commands = [FUNCTIONS, ...COMMANDS.map(({ text }) => text)].join('\n');
    for (const name of VARIABLES) assert.match(commands, new RegExp(`\\$\\{?${name}\\b`));
    const prose = RUNBOOK.replaceAll(/^ *```.*?^ *```$/gms, '');
    assert.deepEqual(prose.match(/`(?:aws|ask|access|operate|curl) [^`\n]*`/g), [
      '`aws bedrock-agentcore-control`',
    ]);
  });

  it('has a test for each expected output, and leaves no secret in a file', () => {
    for (const [pattern] of [...OUTPUT_OF, ...VARIABLES_OF]) {
      assert.ok(
        COMMANDS.some(({ text }) => pattern.test(text)),
        `no command matches ${pattern}`,
      );
    }
    assert.equal(existsSync(join(folder, 'provider.json')), false);
  });
});
