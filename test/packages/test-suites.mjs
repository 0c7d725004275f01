/** The examples of test suites, in empty folders, with the commands of docs/local.md and the tarball of @agent-identity/cli. */
import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, writeFiles } from './consumer-folder.mjs';

const ROOT = join(import.meta.dirname, '../..');

const SUITES = {
  jest: /^Tests: +1 passed, 1 total$/m,
  pytest: /\b1 passed\b/,
};

/** @returns the commands of the item that names the example */
function commandsOf(document, example) {
  const [, item = ''] = document.split(`(../${example})`);
  const [, commands = ''] = /^ {2}```sh\n(.*?)^ {2}```$/ms.exec(item) ?? [];
  return commands;
}

export async function checkTestSuites({ report, packages, folder }) {
  const document = await readFile(join(ROOT, 'docs/local.md'), 'utf8');
  for (const [name, passed] of Object.entries(SUITES)) {
    const example = `examples/test-suites/${name}`;
    await report.check(`${example} passes`, async () => {
      const suite = join(folder, name);
      await writeFiles(suite, { 'package.json': { private: true } });
      await cp(join(ROOT, example), suite, { recursive: true });
      const commands = commandsOf(document, example);
      assert.ok(commands.includes('@agent-identity/cli'), `docs/local.md has no commands for ${example}`);
      const output = await run(
        'sh',
        ['-euc', `{ ${commands}\n} 2>&1`.replace('@agent-identity/cli', packages['agent-identity-cli'])],
        suite,
      );
      assert.match(output, passed);
    });
  }
}
