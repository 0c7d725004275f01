/** Parts of a bundle, as Node.js itself loads them: Jest has its own `import()`. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { temporaryFolder } from '../environment/temporary-folder';

const run = promisify(execFile);

/** Uses a part that is missing at first, and prints what each use gets. */
const PROGRAM = `
const { renameSync } = require('node:fs');
const { onFirstUse } = require('./first-use.js');
let loads = 0;
const part = onFirstUse(() => { loads += 1; return import('./part.js'); });
const use = () => part().then(({ value }) => value, ({ code }) => code);
(async () => {
  const uses = await Promise.all([use(), use()]);
  renameSync(__dirname + '/missing.js', __dirname + '/part.js');
  uses.push(...(await Promise.all([use(), use()])), await use());
  console.log(JSON.stringify({ uses, loads }));
})();
`;

const folder = temporaryFolder('first-use');
beforeAll(async () => {
  const source = await readFile(join(__dirname, '../../lambda/adapters/first-use.ts'), 'utf8');
  const { code } = await transform(source, { loader: 'ts', format: 'cjs' });
  await Promise.all([
    writeFile(join(folder, 'first-use.js'), code),
    writeFile(join(folder, 'missing.js'), 'exports.value = "loaded";'),
    writeFile(join(folder, 'program.js'), PROGRAM),
  ]);
});

it('loads a part once, and again only after it could not be loaded', async () => {
  const { stdout } = await run(process.execPath, [join(folder, 'program.js')]);
  expect(JSON.parse(stdout)).toEqual({
    uses: ['ERR_MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'loaded', 'loaded', 'loaded'],
    loads: 2,
  });
});
