/** cdk-nag's AwsSolutions pack. The constructs themselves fix every finding or acknowledge it with a reason. */
import { Stack, Validations, type App } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentIdentity } from '../../lib';
import { casesToRun } from '../all-cases';
import { FORMS } from './forms';
import { newApp } from './new-app';

/** @throws Error with every finding of the pack in the stacks that are made */
function check(make: (app: App) => void): void {
  const outdir = mkdtempSync(join(tmpdir(), 'agent-identity-nag-'));
  const { exitCode } = process;
  try {
    const app = newApp(outdir);
    make(app);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
  } finally {
    // CDK marks the process as failed when there are findings.
    process.exitCode = exitCode;
    rmSync(outdir, { recursive: true });
  }
}

it('cdk-nag reports a problem elsewhere in the app, so an empty report is meaningful', () => {
  const make = (app: App): void => {
    const stack = new Stack(app, 'Consumer');
    new AgentIdentity(stack, 'Identity');
    new Bucket(stack, 'Bucket');
  };
  expect(() => check(make)).toThrow('AwsSolutions-S10');
});

// `npm run synth` also applies cdk-nag to the stacks of this repository.
it.each(casesToRun(Object.entries(FORMS), 3))('cdk-nag reports nothing for %s', (_what, make) => {
  expect(() => check(make)).not.toThrow();
});
