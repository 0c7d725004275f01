/** The client package matches the service in what it copies, and exports the same names in both module formats. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  FAILURE_HEADER as SENT_BY_SERVICE,
  TOKEN_TYPE_HEADER as TYPE_SENT,
} from '../../../lambda/model/headers';
import { OPERATIONS } from '../../../lambda/operations';
import * as client from '../../../lib/client/index';
import {
  DPOP_PROOF_PATH,
  FAILURE_HEADER,
  GET_TOKEN_PATH,
  REJECT_TOKEN_PATH,
  TOKEN_TYPE_HEADER,
} from '../../../lib/client/service-contract';

const ROOT = join(__dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

it('uses the paths of the registry and the header of the service, in both languages', () => {
  const python = read('lib/client-python/src/agent_identity_client/_service_contract.py');
  for (const name of [GET_TOKEN_PATH, REJECT_TOKEN_PATH, DPOP_PROOF_PATH, TOKEN_TYPE_HEADER, FAILURE_HEADER])
    expect(python).toContain(`"${name}"`);
  expect(GET_TOKEN_PATH).toBe(OPERATIONS.GetResourceOauth2Token.path);
  expect(REJECT_TOKEN_PATH).toBe(OPERATIONS.RejectResourceOauth2Token.path);
  expect(DPOP_PROOF_PATH).toBe(OPERATIONS.GetResourceDpopProof.path);
  expect(FAILURE_HEADER).toBe(SENT_BY_SERVICE);
  expect(TOKEN_TYPE_HEADER).toBe(TYPE_SENT);
});

it('exports the same values as an ES module and as a CommonJS module', () => {
  const program = `
    import * as names from './lib/client/index.mts';
    process.stdout.write(JSON.stringify(Object.keys(names)));`;
  const output = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: ROOT, encoding: 'utf8' },
  );
  const names = (JSON.parse(output) as string[]).filter((name) => name !== 'default');
  expect(names.sort()).toEqual(Object.keys(client).sort());
});

it('has the license and the version of the project, in both languages', () => {
  const versionOf = (file: string) => (JSON.parse(read(file)) as { version: string }).version;
  const version = versionOf('package.json');
  expect(versionOf('lib/client/package.json')).toBe(version);
  expect(read('lib/client-python/pyproject.toml')).toContain(`\nversion = "${version}"\n`);
  for (const folder of ['client', 'client-python']) {
    expect(read(`lib/${folder}/LICENSE`)).toBe(read('LICENSE'));
  }
});

it('depends on the version of the AWS client that the project is tested with', () => {
  type Manifest = Partial<Record<'dependencies' | 'devDependencies', Record<string, string>>>;
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Manifest;
  const { '@aws-sdk/client-bedrock-agentcore': tested } = { ...devDependencies, ...dependencies };
  const manifest = JSON.parse(read('lib/client/package.json')) as Manifest;
  expect(tested).toBeDefined();
  expect(manifest.dependencies).toEqual({ '@aws-sdk/client-bedrock-agentcore': tested });
});
