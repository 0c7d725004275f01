/** What every function of this package is: a bundle of one composition root, on one runtime, with a log and traces. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Runtime, Tracing, type FunctionProps } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FunctionGroup } from '../../lambda/operations/groups';

/** A function is named like its composition root in lambda/functions, and like the folder of its bundle. */
export type FunctionName =
  | FunctionGroup
  | 'audit-digest'
  | 'deployed-resources'
  | 'gate'
  | 'authorizer'
  | 'gateway'
  | 'gateway-authorizer';

/**
 * The bundles are in `dist/functions` of the package. The compiled library is in `dist` too; in the project itself,
 * this file is TypeScript and `dist` is next to `lib`.
 */
const FUNCTIONS = join(__dirname, '../..', extname(__filename) === '.ts' ? 'dist' : '', 'functions');

/**
 * The properties that all functions share. The code is a bundle that was built with the package, so that synthesis
 * bundles nothing.
 *
 * @throws Error when the bundle was not built
 */
export function functionCode(name: FunctionName) {
  const bundle = join(FUNCTIONS, name);
  if (!existsSync(bundle)) {
    throw new Error(`The bundle of the function ${name} is missing. Run "npm run build:functions".`);
  }
  return {
    code: Code.fromAsset(bundle),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    tracing: Tracing.ACTIVE,
  } satisfies FunctionProps;
}

/** The function's own log streams, and X-Ray. */
export const reporting = (logGroup: ILogGroup): PolicyStatement[] => [
  new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  }),
  new PolicyStatement({
    actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    resources: ['*'],
  }),
];
