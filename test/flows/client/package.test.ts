/** The client package has its own copies of what it shares with the service, and the same names in both module kinds. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURE_HEADER as SENT_BY_SERVICE } from '../../../lambda/contract/headers';
import { OPERATIONS } from '../../../lambda/contract/operations';
import * as client from '../../../lib/client/index';
import { FAILURE_HEADER, GET_TOKEN_PATH, REJECT_TOKEN_PATH } from '../../../lib/client/service-contract';

const ROOT = join(__dirname, '../../..');

it('uses the paths of the registry and the header of the service', () => {
  expect(GET_TOKEN_PATH).toBe(OPERATIONS.GetResourceOauth2Token.path);
  expect(REJECT_TOKEN_PATH).toBe(OPERATIONS.RejectResourceOauth2Token.path);
  expect(FAILURE_HEADER).toBe(SENT_BY_SERVICE);
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

it('has the license of the project in its tarball', () => {
  const license = (folder: string) => readFileSync(join(ROOT, folder, 'LICENSE'), 'utf8');
  expect(license('lib/client')).toBe(license('.'));
});
