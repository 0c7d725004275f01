/** `agent-identity policy-engine` and `agent-identity gateway policy` with engines of a service on this computer. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();
const folder = mkdtempSync(join(tmpdir(), 'policies-'));

/** Returns the path of a file with the statement. */
const fileOf = (name: string, statement: string): string => {
  const path = join(folder, name);
  writeFileSync(path, statement);
  return path;
};
const policy = (command: string, ...rest: string[]) => local.run(['gateway', 'policy', command, ...rest]);
const ofRules = ['--engine', 'rules'];

beforeAll(async () => {
  await local.json(['policy-engine', 'add', 'rules', '--description', 'Of the team']);
  await local.json(['gateway', 'add', 'tools', '--policy-engine', 'rules']);
  const target = ['--gateway', 'tools', '--url', 'http://127.0.0.1:9/v1'];
  await local.json(['gateway', 'target', 'add', 'orders', ...target]);
  const reading = fileOf(
    'reading.cedar',
    'permit(principal, action in AgentCore::Action::"orders", resource) when { context.http.method == "GET" && context has agent && context.agent == "travel" };',
  );
  await local.json(['gateway', 'policy', 'add', 'reading', ...ofRules, '--file', reading]);
});

it('shows the engine, its policies, and the engine of a gateway', async () => {
  expect((await local.run(['policy-engine', 'list'])).stdout).toMatch(
    /rules +rules-[a-z0-9]{10} +Of the team/,
  );
  expect((await policy('list', ...ofRules)).stdout).toMatch(/reading +ACTIVE +reading-[a-z0-9]{10}/);
  expect((await policy('get', 'reading', ...ofRules)).stdout).toContain('context.agent == "travel"');
  expect((await local.run(['gateway', 'get', 'tools'])).stdout).toMatch(/Policy mode +ENFORCE/);
});

it('says what the validation of a policy finds', async () => {
  const broken = fileOf('broken.cedar', 'permit(principal, action, resource) when { context.unknown };');
  const added = await policy('add', 'broken', ...ofRules, '--file', broken);
  expect(added).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^--file is not valid: [^]*unknown[^]* set --ignore-findings\.\n$/,
    ) as string,
  });
});

it('says how to change a policy whose name is in use', async () => {
  const added = await policy('add', 'reading', ...ofRules, '--file', join(folder, 'reading.cedar'));
  expect(added.stderr).toBe(
    'A policy named "reading" already exists. To change it, run: agent-identity gateway policy update reading --engine rules\n',
  );
});

describe('an update', () => {
  const writing = (context: string) =>
    fileOf(
      'writing.cedar',
      `permit(principal, action in AgentCore::Action::"orders", resource) when { ${context} };`,
    );
  const PUT = 'context.http.method == "PUT"';

  beforeAll(() => local.json(['gateway', 'policy', 'add', 'writing', ...ofRules, '--file', writing(PUT)]));
  afterAll(() => local.json(['gateway', 'policy', 'delete', 'writing', ...ofRules, '--yes']));

  const changed = (...options: string[]) =>
    local.json<object>(['gateway', 'policy', 'update', 'writing', ...ofRules, ...options]);

  it('of a policy keeps what it does not name', async () => {
    const before = await local.json<object>(['gateway', 'policy', 'get', 'writing', ...ofRules]);
    const same = { ...before, updatedAt: expect.any(String) as string };
    expect(await changed('--policy-mode', 'log-only')).toEqual({ ...same, enforcementMode: 'LOG_ONLY' });
    expect(await changed('--policy-mode', 'active', '--description', 'Writes')).toEqual({
      ...same,
      description: 'Writes',
    });
    const file = writing('context.http.method == "POST"');
    expect(await changed('--file', file)).toMatchObject({
      ...{ description: 'Writes', enforcementMode: 'ACTIVE' },
      definition: { cedar: { statement: expect.stringContaining('POST') as string } },
    });
  });

  it('of a policy is validated, unless --ignore-findings is set', async () => {
    const file = ['--file', writing('context.unknown')];
    expect(await policy('update', 'writing', ...ofRules, ...file)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^--file is not valid: [^]*--ignore-findings/) as string,
    });
    expect(await changed(...file, '--ignore-findings')).toMatchObject({ name: 'writing' });
  });

  it.each([
    [[], 'Set what changes.'],
    [['--ignore-findings'], '--ignore-findings needs --file.'],
    [['--file', '/nonexistent'], 'cannot be read'],
  ])('of a policy is rejected with %j', async (options, message) => {
    const { status, stderr } = await policy('update', 'writing', ...ofRules, ...options);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('of an engine replaces its description', async () => {
    const update = ['policy-engine', 'update', 'rules'];
    expect(await local.json([...update, '--description', 'Of all'])).toMatchObject({ description: 'Of all' });
    expect(await local.run(update)).toMatchObject({ status: 2 });
  });

  it('of a gateway to another engine keeps the mode', async () => {
    await local.json(['policy-engine', 'add', 'two']);
    await local.json(['gateway', 'add', 'trial', '--policy-engine', 'rules', '--policy-mode', 'log-only']);
    const update = (...options: string[]) => local.json(['gateway', 'update', 'trial', ...options]);
    expect(await update('--policy-engine', 'two')).toMatchObject({
      policyEngineConfiguration: {
        arn: expect.stringContaining('policy-engine/two-') as string,
        mode: 'LOG_ONLY',
      },
    });
    expect(await update('--policy-mode', 'enforce')).toMatchObject({
      policyEngineConfiguration: { mode: 'ENFORCE' },
    });
    await local.json(['gateway', 'delete', 'trial', '--yes']);
  });
});

describe('a test of a request', () => {
  const tested = (...rest: string[]) => policy('test', '--gateway', 'tools', '--target', 'orders', ...rest);
  const role = ['--principal', 'arn:aws:iam::123456789012:role/travel'];
  const agent = [...role, '--agent', 'travel'];

  it('names the policy that permits it', async () => {
    const { status, stdout } = await tested(...role, '--agent', 'travel', '--path', '/items/7');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^allow\n[^]*Policies +reading\n/)]);
  });

  it('says why it is denied, with status 1', async () => {
    const { status, stdout } = await tested(...role, '--agent', 'other', '--path', '/items/7');
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^deny\n[^]*denied by default/)]);
    expect(await tested(...role, '--agent', 'travel', '--method', 'DELETE')).toMatchObject({ status: 1 });
  });

  it.each([
    ['no caller', [], 'Set --principal and --agent'],
    ['a signature without an agent', role, 'Set --principal and --agent'],
    ['a user token where callers sign', ['--user', 'ana'], 'Set --principal and --agent'],
    ['a claim where callers sign', [...agent, '--claim', 'a=b'], 'Set --principal and --agent'],
    [
      'a principal that is no ARN',
      ['--principal', 'nonsense', '--agent', 'a'],
      '--principal must be the ARN',
    ],
    ['a tool of an HTTP target', [...agent, '--tool', 'a'], 'The target is not an MCP server.'],
    ['arguments of an HTTP target', [...agent, '--arguments', '{'], 'The target is not an MCP server.'],
    ['a method in lowercase', [...agent, '--method', 'get'], 'GET'],
    ['a method that is not forwarded', [...agent, '--method', 'TRACE'], 'GET'],
    ['a path that leads elsewhere', [...agent, '--path', '/x/../admin%2Fa'], '--path must be normalized'],
    ['a path without a slash', [...agent, '--path', 'items/7'], '--path must begin with a slash.'],
    ['a path with a query', [...agent, '--path', '/items?a=b'], '--path must have no query.'],
    ['a path that is not UTF-8', [...agent, '--path', '/%80'], '--path must be UTF-8'],
  ])('rejects %s', async (_what, options, message) => {
    expect(await tested(...options)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(message) as string,
    });
  });

  it.each([
    'arn:aws:iam::123456789012:role/path/travel',
    'arn:aws:sts::123456789012:assumed-role/travel/one',
  ])('accepts the principal %s', async (principal) => {
    expect(await tested('--principal', principal, '--agent', 'travel')).toMatchObject({ status: 0 });
  });

  describe('of a gateway with user tokens', () => {
    const ofUsers = (...rest: string[]) =>
      policy('test', '--gateway', 'by-token', '--target', 'orders', ...rest);

    beforeAll(async () => {
      const issuer = ['--issuer', 'https://idp.example.com', '--policy-engine', 'rules'];
      await local.json(['gateway', 'add', 'by-token', ...issuer]);
      const target = ['--gateway', 'by-token', '--url', 'http://127.0.0.1:9/v1'];
      await local.json(['gateway', 'target', 'add', 'orders', ...target]);
    });
    afterAll(() => local.json(['gateway', 'delete', 'by-token', '--yes']));

    it('needs a user, and no agent', async () => {
      expect(await ofUsers('--user', 'ana', '--agent', 'travel')).toMatchObject({ status: 0 });
      expect(await ofUsers('--user', 'ana')).toMatchObject({ status: 1 });
    });

    it.each([
      ['a principal', role, 'Set --user, without --principal.'],
      ['a claim without a value', ['--user', 'ana', '--claim', 'a'], '--claim must be'],
      ['a second subject', ['--user', 'ana', '--claim', 'sub=bob'], 'Set the claim sub with --user.'],
      ['a repeated claim', ['--user', 'ana', '--claim', 'a=b', '--claim', 'a=c'], 'once for each name'],
    ])('rejects %s', async (_what, options, message) => {
      const { status, stderr } = await ofUsers(...options);
      expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    });
  });
});

it('detaches the engine from a gateway, and deletes it', async () => {
  const yes = ['--yes'];
  expect(await local.run(['policy-engine', 'delete', 'rules', ...yes])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('uses this policy engine') as string,
  });
  expect(await policy('delete', 'reading', ...ofRules, ...yes)).toMatchObject({ status: 0 });
  await local.json(['gateway', 'update', 'tools', '--policy-mode', 'log-only']);
  expect((await local.run(['gateway', 'get', 'tools'])).stdout).toMatch(/Policy mode +LOG_ONLY/);
  await local.json(['gateway', 'update', 'tools', '--no-policy-engine']);
  expect((await local.run(['gateway', 'get', 'tools'])).stdout).not.toMatch(/Policy mode/);
  expect(await local.run(['policy-engine', 'delete', 'rules', ...yes])).toMatchObject({ status: 0 });
});
