/** `agent-identity init`, against the running service. test/packages installs and runs what it writes. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../environment/temporary-folder';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

const RETURN_URL = 'http://127.0.0.1:8400/connected';
const URL_AND_PROVIDER = ['--provider', 'my-calendar', '--url', 'https://calendar.example/events'];

let parent: string;
beforeEach(() => {
  parent = temporaryFolder('init');
});

const parse = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as unknown;

it('writes a project, creates its workload identity, and says what to run on one screen', async () => {
  const folder = join(parent, 'written');
  const args = ['init', folder, '--template', 'typescript', ...URL_AND_PROVIDER, '--scope', 'calendar.read'];
  expect(await local.run(args)).toEqual({
    status: 0,
    stdout: [
      `Wrote an agent in TypeScript to ${folder}: agent.ts, settings.json, package.json`,
      `Created the workload identity "written" at ${local.endpoint}`,
      '',
      'Run in this terminal:',
      '  agent-identity connect my-calendar --issuer URL',
      `  cd ${folder}`,
      '  npm install',
      '  npm start',
      '',
      'The first call gives you a URL: open it, and allow access. settings.json has what you can change.',
      '',
    ].join('\n'),
    stderr:
      'If the client library is not published yet, its installation fails: set --client to its package, which npm run pack writes.\n',
  });
  expect(await parse(join(folder, 'settings.json'))).toEqual({
    workloadName: 'written',
    userId: 'alice',
    providerName: 'my-calendar',
    scopes: ['calendar.read'],
    resourceUrl: 'https://calendar.example/events',
    returnUrl: RETURN_URL,
  });
  expect(await local.json(['agent', 'get', 'written'])).toMatchObject({
    allowedResourceOauth2ReturnUrls: [RETURN_URL],
  });
});

it('asks for what is missing, and again for a name that no template has', async () => {
  const folder = join(parent, 'asked');
  const { status, stdout, stderr } = await local.run(['init'], {
    answers: [
      ['What to write: ', 'pyton'],
      ['What to write: ', 'python'],
      ['Folder: ', folder],
      ['Credential provider: ', 'my-calendar'],
      ['URL that the tool reads: ', 'calendar.example'],
      ['URL that the tool reads: ', 'https://calendar.example/events'],
      ['Scopes', 'calendar.read calendar.write'],
    ],
  });
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(
      /There is no template "pyton"[^\n]*Did you mean python\?[^]*Did you mean --url https:/,
    ) as string,
  });
  expect(stdout).toContain('  .venv/bin/python agent.py\n');
  expect(await parse(join(folder, 'settings.json'))).toMatchObject({
    scopes: ['calendar.read', 'calendar.write'],
  });
});

it('names the options that are missing without a terminal', async () => {
  expect(await local.run(['init', '--url', 'https://calendar.example'])).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'There is no terminal for questions. Set the argument DIRECTORY, --template (typescript, python, mcp), --provider.\n',
  });
});

it('overwrites nothing, and creates no workload identity, if a file is in the way', async () => {
  const folder = join(parent, 'in-the-way');
  await mkdir(folder);
  await writeFile(join(folder, 'settings.json'), 'mine');
  const result = await local.run(['init', folder, '--template', 'mcp', ...URL_AND_PROVIDER]);
  expect(result).toEqual({
    status: 1,
    stdout: '',
    stderr: `The folder ${folder} already has settings.json, so nothing was written. Name another folder, or move what is there.\n`,
  });
  expect(await readdir(folder)).toEqual(['settings.json']);
  expect(await readFile(join(folder, 'settings.json'), 'utf8')).toBe('mine');
  expect((await local.run(['agent', 'get', 'in-the-way'])).status).toBe(1);
});

it('shares the workload identity of the caller, and none that has another return URL', async () => {
  const init = (folder: string, ...args: string[]) =>
    local.run(['init', join(parent, folder), '--name', 'shared', ...URL_AND_PROVIDER, ...args]);
  expect((await init('one', '--template', 'typescript')).status).toBe(0);
  expect((await init('two', '--template', 'python')).stdout).toContain('Uses the workload identity "shared"');
  expect(
    await init('three', '--template', 'python', '--return-url', 'http://127.0.0.1:8401/connected'),
  ).toEqual({
    status: 1,
    stdout: '',
    stderr: `You have an agent "shared", which does not have the return URL http://127.0.0.1:8401/connected. Choose another name with --name, or run: agent-identity agent update shared --return-url ${RETURN_URL} --return-url http://127.0.0.1:8401/connected\n`,
  });
});

it('proposes the credential provider that a mistyped name means', async () => {
  await local.json(['provider', 'add', 'almanac', '--vendor', 'github', '--client-id', 'c'], {
    input: 'secret',
  });
  const args = ['init', join(parent, 'typo'), '--template', 'python', '--url', 'https://calendar.example'];
  expect(await local.run([...args, '--provider', 'almanca'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Did you mean "almanac"?') as string,
  });
});

it.each([
  [
    'python',
    'whl',
    'requirements.txt',
    (client: string) => `agent-identity-client @ ${pathToFileURL(client).href}`,
  ],
  ['mcp', 'tgz', 'package.json', (client: string) => `"@agent-identity/client": "file:${client}"`],
])(
  'installs the client library of %s from a package on this computer',
  async (template, type, file, line) => {
    const client = join(parent, `a client.${type}`);
    await writeFile(client, '');
    const folder = join(parent, `local-${template}`);
    await local.json(['init', folder, '--template', template, '--client', client, ...URL_AND_PROVIDER]);
    expect(await readFile(join(folder, file), 'utf8')).toContain(line(client));
  },
);

it('does not write an agent in Python with a client library for npm', async () => {
  const client = join(parent, 'client.tgz');
  await writeFile(client, '');
  const args = [
    'init',
    join(parent, 'mixed'),
    '--template',
    'python',
    '--client',
    client,
    ...URL_AND_PROVIDER,
  ];
  expect(await local.run(args)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('The template python cannot install') as string,
  });
});
