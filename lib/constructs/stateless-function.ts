/**
 * A function of this package that has neither tables nor keys: at the service it is a caller like any other. Its role
 * begins with its own log, its traces and its network; what it may call is granted beside.
 */
import { Validations, type Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { attaching, within, type CallerNetwork } from './caller-network';
import { reporting, type functionCode } from './function-code';
import { keptStarted, type FunctionSettings } from './function-settings';

export interface StatelessFunctionProps {
  readonly code: ReturnType<typeof functionCode>;
  readonly description: string;
  readonly roleDescription: string;
  readonly timeout: Duration;
  /** Mebibytes, where `settings` say nothing else. */
  readonly memorySize: number;
  readonly settings?: FunctionSettings;
  readonly network: CallerNetwork | 'internet';
  readonly environment?: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  /** Key that the log is encrypted with; CloudWatch's own otherwise. */
  readonly logKey?: IKey;
  /** Of the log. */
  readonly removalPolicy: RemovalPolicy;
}

/** Children: `Logs`, `Role` and `Function`. */
export class StatelessFunction extends Construct {
  readonly role: Role;
  readonly functionArn: string;
  /** What callers invoke: the function, or the alias whose concurrency is provisioned. */
  readonly invoked: IFunction;

  constructor(scope: Construct, id: string, props: StatelessFunctionProps) {
    super(scope, id);
    const { memorySize, reservedConcurrency, provisionedConcurrency } = props.settings ?? {};
    const logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: props.removalPolicy,
      ...(props.logKey && { encryptionKey: props.logKey }),
    });
    this.role = new Role(this, 'Role', {
      description: props.roleDescription,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    for (const statement of [...reporting(logGroup), ...attaching(props.network)]) {
      this.role.addToPolicy(statement);
    }
    Validations.of(this.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: "X-Ray, and a function's network interfaces in a VPC, have no resources to name.",
    });
    const deployed = new LambdaFunction(this, 'Function', {
      description: props.description,
      ...props.code,
      memorySize: memorySize ?? props.memorySize,
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
      timeout: props.timeout,
      logGroup,
      role: this.role,
      ...within(props.network),
      environment: {
        ...props.environment,
        POWERTOOLS_SERVICE_NAME: 'agent-identity',
        NODE_OPTIONS: '--enable-source-maps',
      },
    });
    this.functionArn = deployed.functionArn;
    this.invoked = keptStarted(deployed, provisionedConcurrency);
  }
}
