/**
 * Runs every command of docs/runbook.md, in the order of the page: the operations of the service at the running service,
 * and those of AWS, with the AWS CLI, at a server that answers as AWS does.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { FUNCTION_GROUPS } from '../../../lambda/operations/groups.ts';
import { installPython } from '../installation.mjs';
import { AwsServer, FAILED_STACK } from './aws.mjs';
import { COMMANDS, FUNCTIONS, RUNBOOK, VARIABLES } from './commands.mjs';
import { FIELDS, World } from './world.mjs';

/** Commands that print nothing when they succeed. */
const SILENT = [
  /put-role-policy/,
  /delete-role-policy/,
  /delete-function-concurrency/,
  /delete-function --function-name/,
  /put-resource-policy/,
  /tag-resource/,
  /user list$/m,
];

/** Blocks that must not work on what the later ones use. */
const VARIABLES_OF = [[/provider delete/, { PROVIDER: 'doomed' }]];

/** What a person types. */
const INPUT_OF = [[/provider update .*--secret/, () => world.clientSecret]];

/** Hints of the command, which are not its result. */
const HINT_OF = [
  // At these points, the earlier blocks have lifted every suspension.
  [/user list$/m, /^(No (agent|user) is suspended\.\n){1,2}$/],
  [/grants revoke .*--no-wait/, /^Follow the revocation: agent-identity grants revocation \S+\n$/],
  // The user of the token in the runbook has granted no access, unlike the one whose hash is known.
  [/user suspend --issuer/, /^This user has no grants\. If the name is misspelled, [^\n]*\n$/],
  [
    /agent-identity restore/,
    /^((Reading|Checking|Read) [^\n]* …\n|Nothing was written\. Repeat the command with --apply\.\n)+$/,
  ],
  [/transfer-ownership/, /^(Ask the new owner to change the resource once, [^\n]*\n){2}$/],
];

/** Blocks before which the user grants access again, because an earlier block revoked it. */
const AFTER_CONSENT = [/user suspend --user-hash/, /grants (?:revoke|list) --provider/];

/** Values that later blocks need from the output of an earlier one. */
const OUTPUT_VARIABLES = {
  GRANT_ID: /GRANT ID\n.* (\S+)$/m,
  REVOCATION_ID: /^Revoked .*\(([\da-f-]{36})\)\.$/m,
};

/** What blocks must print, for those where any output would not be enough. */
const OUTPUT_OF = [
  [
    /agent list --all/,
    [/^travel-agent /m, /audit\.operation=CreateWorkloadIdentity {2}audit\.outcome=allowed {2}n=\d/],
  ],
  [/agent suspend/, [/^The agent "travel-agent" is suspended\.$/m]],
  [
    /grants list --agent/,
    [/^travel-agent +travel-feed +\(the agent\) /m, /^travel-agent +travel-calendar +[\w-]{8}… /m],
  ],
  [/grants list (?:--provider|--user-hash)/, [/^travel-agent +travel-calendar +[\w-]{8}… +ACTIVE /m]],
  [/agent resume/, [/ is no longer suspended\.$/m, /^travel-agent +arn:\S+$/m]],
  [/user suspend --user-hash/, [/^The user [\w-]{43} is suspended\.$/m]],
  [/user resume/, [/^(The user [\w-]{43} is no longer suspended\.\n){2}$/]],
  [/grants revoke --agent/, [/^Revoked 2 grants here/]],
  [/grants revoke --(?:user-hash|provider|grant-id)/, [/^Revoked 1 grant here/]],
  [/grants revocation/, [/^(IN_PROGRESS|DONE)\. Revoked 1: .*\nPROVIDER +STATE /]],
  [/transfer-ownership/, [/^(arn:\S+ belongs to \S+ It belonged to \S+\n){2}$/]],
  [/provider list --all/, [/^travel-calendar +CustomOauth2 +arn:/m]],
  [/provider update/, [/ is updated\.$/m]],
  [/provider delete/, [/ "doomed" is deleted\.$/m]],
  [/^aws lambda get-alias/m, [/^2\n\$LATEST\t/]],
  [/aws lambda update-alias/, [/"FunctionVersion": "1"/]],
  [/^rotate "\{\\"revoke/m, [/"revoke":"signing-key","kid":"[^"]+"/]],
  [/^ask .*JTI/, [/GetWorkloadAccessTokenForUserId/, /addresses=2/]],
  [/^ask .*SCOPE/, [/audit\.provider=travel-calendar/]],
  [/^failover "\$FIRST_REGION"/m, [/^eu-west-1\t\d{10}$/m]],
  [/^failover "\$OTHER_REGION"/m, [/^us-east-1\t\d{10}$/m]],
  [/describe-stacks/, [/^IdentityEndpointC4D2E6F2\thttps:\S+\/prod\n$/]],
  [/restore-table-to-point-in-time/, [/^(CREATING\n){3}$/]],
  [/dynamodb wait table-exists --table-name "restored/, [/^(restored-\S+ is ready\n){3}$/]],
  [
    /agent-identity restore (?!.*--apply)/,
    [/^restriction +travel-agent$/m, /^Would restore 1 record of 2026-01-31T12:00:00Z to the table /m],
  ],
  [/agent-identity restore .*--apply/, [/^restriction +travel-agent$/m, /^Restored 1 record of /m]],
  [/dynamodb delete-table --table-name "restored/, [/^(DELETING\n){3}$/]],
  [/list-stacks/, [/ROLLBACK_COMPLETE\tarn:aws:cloudformation:\S+\/failed$/m]],
  [
    /no-deletion-protection-enabled/,
    [/^UPDATING\nDELETING\nEarlierStateful-VaultTable\S+ stays: records=1\n$/],
  ],
];

const folder = await mkdtemp(join(tmpdir(), 'agent-identity-runbook-'));
const ROOT = join(import.meta.dirname, '../../..');
const tsx = createRequire(import.meta.url).resolve('tsx/cjs');
const program = `#!/bin/sh\nexec "${process.execPath}" --require "${tsx}" "${ROOT}/bin/agent-identity.ts" "$@"\n`;
await writeFile(join(folder, 'agent-identity'), program, { mode: 0o755 });
// The commands wait for CloudWatch, but the server of this test responds immediately.
await writeFile(join(folder, 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
const world = await World.start();
const aws = new AwsServer((group) => world.rowsOf(group), FIELDS);
await aws.start();
const variables = { ...(await world.variables()), FAILED_STACK };
const python = installPython(import.meta.dirname);

after(async () => {
  await aws.stop();
  await world.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(text, { more, input = '' }) {
  const { accessKeyId, secretAccessKey } = world.ready.principals.operator;
  // Programs can open a pipe as /dev/stdout, but not the socket that Node.js gives them; and bash takes a socket as its
  // stdin for a remote shell.
  const child = spawn(
    'bash',
    ['-euo', 'pipefail', '-c', `(\n${FUNCTIONS}\n${text}\n) < <(printf %s "$TYPED") | cat`],
    {
      cwd: folder,
      env: {
        PATH: [folder, dirname(python), process.env.PATH].join(delimiter),
        HOME: folder,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_EC2_METADATA_DISABLED: 'true',
        // The signing name of the service, which the migration guide describes.
        AWS_DATA_PATH: join(import.meta.dirname, '../python/data-path'),
        AWS_ENDPOINT_URL: aws.endpoint,
        NO_PROXY: '127.0.0.1',
        TYPED: input,
        ...variables,
        ...more,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += chunk));
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

const matching = (table, text) =>
  table.filter(([pattern]) => pattern.test(text)).flatMap(([, value]) => value);

describe('a command of the runbook', () => {
  for (const [index, { heading, text, policy }] of COMMANDS.entries()) {
    const [first] = text.split('\n').filter((line) => line !== '');
    it(`works: ${heading} (${index + 1}), ${first.slice(0, 80)}`, async () => {
      if (policy) await writeFile(join(folder, 'policy.json'), policy);
      if (AFTER_CONSENT.some((pattern) => pattern.test(text))) await world.grant();
      const queries = aws.queries.length;
      const { status, stdout, stderr } = await run(text, {
        more: Object.assign({}, ...matching(VARIABLES_OF, text)),
        input: matching(INPUT_OF, text)[0]?.(),
      });
      const [hint = /^$/] = matching(HINT_OF, text);
      assert.equal(status, 0, `${stdout}${stderr}`);
      assert.match(stderr, hint);
      if (!SILENT.some((pattern) => pattern.test(text))) assert.notEqual(stdout.trim(), '');
      for (const [name, pattern] of Object.entries(OUTPUT_VARIABLES)) {
        variables[name] = pattern.exec(stdout)?.[1] ?? variables[name];
      }
      for (const expected of matching(OUTPUT_OF, text)) assert.match(stdout, expected);
      for (const { queryString, rows } of aws.queries.slice(queries)) {
        assert.notEqual(rows.length, 0, `no line of the log matches ${queryString}`);
        const [{ value }] = rows[0];
        assert.ok(stdout.includes(value), `the output does not have the rows of ${queryString}`);
      }
    });
  }
});

describe('the runbook', () => {
  it('says which variables its commands use, and has no other commands', () => {
    assert.deepEqual(VARIABLES, Object.keys(variables));
    const commands = [FUNCTIONS, ...COMMANDS.map(({ text }) => text)].join('\n');
    for (const name of VARIABLES) assert.match(commands, new RegExp(`\\$\\{?${name}\\b`));
    const prose = RUNBOOK.replaceAll(/^ *```.*?^ *```$/gms, '');
    assert.deepEqual(prose.match(/`(?:aws|ask|access|curl) [^`\n]*`/g), ['`aws bedrock-agentcore-control`']);
  });

  it('fails over only with exactly one directory table', async () => {
    const failover = (STATE_STACK) =>
      run('failover "$AWS_REGION" "$OTHER_REGION" || echo "status $?"', { more: { STATE_STACK } });
    assert.deepEqual(await failover('AgentIdentity'), {
      status: 0,
      stdout: 'status 1\n',
      stderr: 'AgentIdentity must have one directory table in eu-west-1, but has: none\n',
    });
    const name = 'AgentIdentityStateful-SecondDirectoryTableD4E789F8-a1B2c3';
    await aws.tables.create(name);
    const { stdout, stderr } = await failover('AgentIdentityStateful');
    assert.equal(stdout, 'status 1\n');
    assert.ok(stderr.includes(name), stderr);
  });

  it('stops the functions of the service, and no others', async () => {
    const { stdout } = await run('functions', {});
    assert.equal(stdout.trimEnd().split('\n').length, FUNCTION_GROUPS.length);
    assert.doesNotMatch(stdout, /Travel/);
  });

  it('has a test for each expected output', () => {
    for (const [pattern] of [...OUTPUT_OF, ...VARIABLES_OF, ...INPUT_OF, ...HINT_OF]) {
      assert.ok(
        COMMANDS.some(({ text }) => pattern.test(text)),
        `no command matches ${pattern}`,
      );
    }
  });
});
