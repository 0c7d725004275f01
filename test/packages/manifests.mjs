/** What tools say of each tarball before anything is installed from it: publint, and attw for the types. */
import { join } from 'node:path';
import { npmInstall, run } from './consumer-folder.mjs';

const TOOLS = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5'];

export async function checkManifests({ report, packages, folder }) {
  await npmInstall(folder, TOOLS);
  const tool = (name) => join(folder, 'node_modules/.bin', name);
  for (const [name, tarball] of Object.entries(packages)) {
    if (!tarball.endsWith('.tgz')) continue;
    await report.check(`${name}: publint`, () => run(tool('publint'), ['--strict', tarball], folder));
    await report.check(`${name}: the types of each entry (attw)`, () =>
      run(tool('attw'), [tarball, '--no-emoji', '--no-color'], folder),
    );
  }
}
