/** The local principals' keys: made once, kept, and completed in a folder from before one of them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPrincipals } from '../../lib/local/principals';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-principals-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('are the same at every start', async () => {
  const first = await loadPrincipals(folder);
  expect(await loadPrincipals(folder)).toEqual(first);
  const ids = Object.values(first).map(({ accessKeyId }) => accessKeyId);
  expect(new Set(ids).size).toBe(4);
});

it('get a gate in an older folder, and keep the keys that there are', async () => {
  const file = join(folder, 'principals.json');
  await loadPrincipals(folder);
  const { gate, ...older } = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
  await writeFile(file, JSON.stringify(older));

  const principals = await loadPrincipals(folder);
  expect(principals).toMatchObject(older);
  expect(principals.gate).not.toMatchObject(gate ?? {});
  expect(await loadPrincipals(folder)).toEqual(principals);
});
