/** The local principals' keys: created once, and kept in one format. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadPrincipals } from '../../lib/local/principals';
import { temporaryFolder } from '../environment/temporary-folder';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('principals');
});

it("keeps the principals' keys across starts", async () => {
  const first = await loadPrincipals(folder);
  expect(await loadPrincipals(folder)).toEqual(first);
  const ids = Object.values(first).map(({ accessKeyId }) => accessKeyId);
  expect(new Set(ids).size).toBe(6);
});

it.each([
  ['without a format, as before the first release', { format: undefined }],
  ['of another version', { format: 2 }],
])('rejects a data folder %s, and says what to do', async (_what, change) => {
  const file = join(folder, 'principals.json');
  await loadPrincipals(folder);
  const content = { ...(JSON.parse(await readFile(file, 'utf8')) as object), ...change };
  await writeFile(file, JSON.stringify(content));
  await expect(loadPrincipals(folder)).rejects.toThrow(
    `The data folder ${folder} has the format of another version, which this version does not read. Set DATA_DIR to a new folder, or delete this one.`,
  );
});
