/** An app for the tests of the templates. */
import { App } from 'aws-cdk-lib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { context } = JSON.parse(readFileSync(join(__dirname, '../../cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

// CDK records a stack trace for each acknowledged rule, and Jest sets a limit of 100 frames, each of which it maps to its source.
Error.stackTraceLimit = 10;

/**
 * Returns an app with the feature flags of this repository's cdk.json. It does not copy the functions' bundles, and writes
 * no tree.json, which takes a sixth of the time of a synthesis.
 *
 * @param outdir folder of the assembly; by default, a temporary one
 */
export const newApp = (outdir?: string): App =>
  new App({
    context: { ...context, 'aws:cdk:disable-asset-staging': true },
    treeMetadata: false,
    ...(outdir !== undefined && { outdir }),
  });
