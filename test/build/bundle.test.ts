/** A bundle of a program that loads a part on first use, as Node.js runs it. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../../scripts/build/bundle';

const run = promisify(execFile);

const PROGRAM = {
  'index.js': `
    import { count, increase } from './shared';
    import('./part').then((part) => {
      increase();
      console.log(JSON.stringify([Object.keys(part), part.default, part.doubled(), new part.Client().count, count]));
    });`,
  'part.js': `
    import { count } from './shared';
    export const doubled = () => 2 * count;
    export class Client { count = count; }
    export default 'part';`,
  'shared.js': 'export let count = 1;\nexport const increase = () => { count += 1; };',
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-bundle-'));
});

afterAll(() => rm(folder, { recursive: true }));

it('gives import() each name of a part, and each part the present value', async () => {
  for (const [name, text] of Object.entries(PROGRAM)) await writeFile(join(folder, name), text);
  const { files } = await bundle(join(folder, 'index.js'), join(folder, 'dist'));
  for (const { path, content } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  const { stdout } = await run(process.execPath, [join(folder, 'dist/index.js')]);
  expect(JSON.parse(stdout)).toEqual([['Client', 'default', 'doubled'], 'part', 4, 2, 2]);
});
