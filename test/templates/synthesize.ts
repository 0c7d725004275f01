/** Writes the templates of all forms of the constructs to a folder, which is the argument. */
import { App } from 'aws-cdk-lib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMS } from '../stacks/forms';

const [, , folder = ''] = process.argv;

const { context } = JSON.parse(readFileSync(join(__dirname, '../../cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

for (const [index, make] of Object.values(FORMS).entries()) {
  const app = new App({
    outdir: join(folder, String(index)),
    context: { ...context, 'aws:cdk:disable-asset-staging': true },
    treeMetadata: false,
  });
  make(app);
  app.synth();
}
