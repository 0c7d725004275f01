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

/** Returns what the bundled program prints, as JSON. */
async function printed(program: Readonly<Record<string, string>>): Promise<unknown> {
  for (const [name, text] of Object.entries(program)) await writeFile(join(folder, name), text);
  const { files } = await bundle(join(folder, 'index.js'), join(folder, 'dist'));
  for (const { path, content } of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  const { stdout } = await run(process.execPath, [join(folder, 'dist/index.js')]);
  return JSON.parse(stdout);
}

it('gives import() each name of a part, and each part the present value', async () => {
  expect(await printed(PROGRAM)).toEqual([['Client', 'default', 'doubled'], 'part', 4, 2, 2]);
});

it('loads the web streams of Node.js when they are used', async () => {
  const program = `
    import { ReadableStream } from 'node:stream/web';
    const loaded = () => process.moduleLoadList.includes('NativeModule internal/webstreams/readablestream');
    console.log(JSON.stringify([loaded(), new ReadableStream() instanceof ReadableStream, loaded()]));`;
  expect(await printed({ 'index.js': program })).toEqual([false, true, true]);
});
