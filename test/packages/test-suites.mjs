/** docs/test-suites.md: its commands and files, in empty folders, with the tarball of @agent-identity/cli. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, writeFiles } from './consumer-folder.mjs';

const DOCUMENT = join(import.meta.dirname, '../../docs/test-suites.md');

/** Numbers of tests and of steps that a section must have, so that none is lost in a change of the document. */
const SUITES = {
  Jest: { passed: /^Tests: +1 passed, 1 total$/m, files: 6 },
  pytest: { passed: /\b1 passed\b/, files: 3 },
};

/** @returns the files of a section by name, and its commands in order */
function partsOf(section) {
  const files = [...section.matchAll(/^\*\*([\w.-]+)\*\*\n\n```\w+\n(.*?)^```$/gms)];
  const commands = [...section.matchAll(/^ {3}```sh\n(.*?)^ {3}```$/gms)];
  return {
    files: Object.fromEntries(files.map(([, name, text]) => [name, text])),
    commands: commands.map(([, lines]) => lines),
  };
}

export async function checkTestSuites({ report, packages, folder }) {
  const document = await readFile(DOCUMENT, 'utf8');
  for (const [name, { passed, files: expected }] of Object.entries(SUITES)) {
    await report.check(`the example of docs/test-suites.md with ${name} passes`, async () => {
      const [, section = ''] = document.split(`\n## With ${name}\n`);
      const { files, commands } = partsOf(section.split('\n## ')[0]);
      assert.equal(Object.keys(files).length, expected, Object.keys(files).join(', '));
      const suite = join(folder, name);
      await writeFiles(suite, { 'package.json': { private: true }, ...files });
      const shell = (lines) =>
        run(
          'sh',
          ['-euc', `{ ${lines}\n} 2>&1`.replace('@agent-identity/cli', packages['agent-identity-cli'])],
          suite,
        );
      const outputs = [];
      for (const lines of commands) outputs.push(await shell(lines));
      assert.match(outputs.at(-1) ?? '', passed);
    });
  }
}
