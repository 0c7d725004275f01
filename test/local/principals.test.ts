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
  expect(new Set(ids).size).toBe(5);
});

it.each(['gate', 'partner'] as const)(
  'adds the keys of the %s in an older folder, and keeps the existing keys',
  async (added) => {
    const file = join(folder, 'principals.json');
    await loadPrincipals(folder);
    const { [added]: dropped, ...older } = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
    await writeFile(file, JSON.stringify(older));

    const principals = await loadPrincipals(folder);
    expect(principals).toMatchObject(older);
    expect(principals[added]).not.toMatchObject(dropped ?? {});
    expect(await loadPrincipals(folder)).toEqual(principals);
  },
);
