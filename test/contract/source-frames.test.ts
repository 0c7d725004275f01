/** Stack frames of a bundle in the log: the positions are those of the sources. */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { sourceFrames } from '../../lambda/adapters/log/source-frames';
import { unexpected } from '../../lambda/api/unexpected';
import { temporaryFolder } from '../environment/temporary-folder';

const folder = temporaryFolder('frames');

const SOURCE = `interface Unused { readonly a: string }

export function fail(): never {
  throw new Error('a secret');
}
`;

/** Returns the frames of an error in a bundle with the options of the functions' bundles. */
async function framesOf(name: string, sourcemap: boolean): Promise<string> {
  const source = join(folder, `${name}.ts`);
  await writeFile(source, SOURCE);
  const outfile = join(folder, name, 'index.js');
  await build({
    ...{ entryPoints: [source], outfile, absWorkingDir: folder },
    ...{ bundle: true, platform: 'node', format: 'cjs', minify: true, sourcemap, sourcesContent: false },
  });
  const { fail } = createRequire(__filename)(outfile) as { fail: () => never };
  try {
    return fail();
  } catch (error) {
    return unexpected(error).frames;
  }
}

it('are those of the source, and contain no message', async () => {
  const [first] = sourceFrames(await framesOf('mapped', true)).split('\n');
  expect(first).toMatch(/mapped\.ts:4:/);
  expect(first).not.toMatch(/index\.js|secret/);
});

it('are those of the bundle if it has no source map', async () => {
  const frames = await framesOf('unmapped', false);
  expect(frames).toContain('index.js:1:');
  expect(sourceFrames(frames)).toBe(frames);
});

it.each(['', 'native', 'at /nowhere/index.js', 'Object.<anonymous> (/nowhere/index.js:1:1)', 'node:fs:1:1'])(
  'are unchanged if they are %p',
  (frames) => {
    expect(sourceFrames(frames)).toBe(frames);
  },
);
