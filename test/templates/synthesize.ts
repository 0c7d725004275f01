/** Writes the templates of all forms of the constructs to a folder, which is the argument. */
import { join } from 'node:path';
import { FORMS } from '../stacks/forms';
import { newApp } from '../stacks/new-app';

const [, , folder = ''] = process.argv;

for (const [index, make] of Object.values(FORMS).entries()) {
  const app = newApp(join(folder, String(index)));
  make(app);
  app.synth();
}
