/** What every function of this package is: a bundle of one composition root, on one runtime, with a log and traces. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { OutputFormat, type NodejsFunctionProps } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { join } from 'node:path';

/** The package's own root, wherever the stacks are imported from. */
const ROOT = join(__dirname, '../..');

/** @param name file name in lambda/handlers, without its extension */
export const functionCode = (name: string) =>
  ({
    entry: join(ROOT, 'lambda/handlers', `${name}.ts`),
    handler: 'handler',
    projectRoot: ROOT,
    depsLockFilePath: join(ROOT, 'package-lock.json'),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    tracing: Tracing.ACTIVE,
    // A CommonJS bundle loads faster than an ES module. Packages are taken by their ES entry points, since
    // only those are tree-shaken: with them a bundle is a third smaller and loads in three fifths of the time.
    bundling: {
      format: OutputFormat.CJS,
      mainFields: ['module', 'main'],
      minify: true,
      sourceMap: true,
      sourcesContent: false,
      // The SDK inside: the runtime's own changes without notice, and loads slower.
      externalModules: [],
    },
    // For version 2 of the SDK only; version 3 keeps connections by itself.
    awsSdkConnectionReuse: false,
  }) satisfies NodejsFunctionProps;

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
