/** The local principals' keys: created once, kept, and completed in an older folder. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPrincipals } from '../../lib/local/principals';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-principals-'));
});
afterEach(() => rm(folder, { recursive: true }));

it("keeps the principals' keys across starts", async () => {
  const first = await loadPrincipals(folder);
  expect(await loadPrincipals(folder)).toEqual(first);
  const ids = Object.values(first).map(({ accessKeyId }) => accessKeyId);
  expect(new Set(ids).size).toBe(4);
});

it("adds the gate's keys in an older folder, and keeps the existing keys", async () => {
  const file = join(folder, 'principals.json');
  await loadPrincipals(folder);
  const { gate, ...older } = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
  await writeFile(file, JSON.stringify(older));

  const principals = await loadPrincipals(folder);
  expect(principals).toMatchObject(older);
  expect(principals.gate).not.toMatchObject(gate ?? {});
  expect(await loadPrincipals(folder)).toEqual(principals);
});
