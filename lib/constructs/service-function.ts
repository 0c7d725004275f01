/**
 * A function of this package with its role and its log group. The role of a function with a `policy` has exactly that
 * policy. Any other role starts with its log, its traces, and its network, and takes grants.
 */
import { Validations, type Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  ApplicationLogLevel,
  Function as LambdaFunction,
  LoggingFormat,
  Tracing,
  type Alias,
  type EventInvokeConfigOptions,
  type FunctionOptions,
  type ILayerVersion,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { networkInterfaceStatements, vpcOptions, type CallerNetwork } from './caller-network';
import { reporting, type functionCode } from './function-code';
import { validateEnvironment, type VariableSources } from './function-environment';
import type { FunctionSettings } from './function-settings';
import { addLiveAlias, VERSION_OPTIONS } from './live-alias';
import { validatePolicySize } from './role-policy-size';

/** The whole policy of a role. */
export interface FunctionPolicy {
  readonly name: string;
  /** All permissions except those on the function's own log and traces. */
  readonly statements: readonly PolicyStatement[];
}

export interface ServiceFunctionProps {
  readonly code: ReturnType<typeof functionCode>;
  readonly description: string;
  /** Name of the deployment, in logs and metrics. */
  readonly deployment: string;
  /**
   * Description of the role.
   * @default - the function's description
   */
  readonly roleDescription?: string;
  /**
   * Name of the role, for a role that policies of other stacks name.
   * @default - generated at deployment
   */
  readonly roleName?: string;
  readonly timeout: Duration;
  /** Memory in MiB, unless `settings` state it. */
  readonly memorySize: number;
  readonly settings?: FunctionSettings;
  /**
   * The role's whole policy. CDK then adds no statements to it.
   * @default - the role takes grants
   */
  readonly policy?: FunctionPolicy;
  /** @default internet */
  readonly network?: CallerNetwork | 'internet';
  readonly environment?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly layers?: ILayerVersion[];
  /**
   * What determines the size of variables, for the error if they do not fit into Lambda.
   * @default - no variable depends on settings
   */
  readonly environmentSources?: VariableSources;
  readonly logRetention: RetentionDays;
  /**
   * Key that encrypts the log.
   * @default - CloudWatch's own key
   */
  readonly logKey?: IKey;
  /** Removal policy of the log group. */
  readonly removalPolicy: RemovalPolicy;
  /** @default Role */
  readonly roleId?: string;
  /** @default Logs */
  readonly logGroupId?: string;
}

export interface PublishedFunctionProps extends ServiceFunctionProps {
  /**
   * How Lambda handles asynchronous invocations.
   * @default - Lambda's defaults
   */
  readonly asynchronous?: EventInvokeConfigOptions;
}

/**
 * The variables that the functions read and their permissions do not give, those of AWS clients that lead requests
 * elsewhere, and those with which Node.js trusts every certificate, or prints the headers of requests.
 */
const GUARDED_VARIABLES =
  /^(AGENT_ENDPOINT|AWS_CONFIG_FILE|AWS_CONTAINER_.*|AWS_ENDPOINT_URL.*|AWS_PROFILE|AWS_SHARED_CREDENTIALS_FILE|CONSENT_PAGE|GATEWAY_.*|IDENTITY_ENDPOINT|INTERNAL_RANGES|LATTICE_RESOURCES|LIFETIMES|LOOPBACK_PROVIDERS|NAMES_IN_METRICS|NODE_DEBUG.*|NODE_TLS_REJECT_UNAUTHORIZED|OWNER_ACCOUNTS|PRIVATE_DESTINATIONS|QUOTAS|REPLICATED_TABLE|RETENTION_DAYS|RETENTION_MODE|SERVICE_NETWORK|STACK|STAGE_SECRET_HASH|TRUSTED_ISSUERS.*)$/;

/** Lambda developer guide, "Working with Lambda environment variables". */
const VARIABLE_NAME = /^[a-zA-Z]\w+$/;

/** @throws Error for a variable that the service sets or could set, and for a name that Lambda rejects */
function checkAddedVariables(
  { node }: Construct,
  added: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(added)) {
    const variable = `${node.path}: environment.${name} in functions`;
    if (!VARIABLE_NAME.test(name)) {
      throw new Error(
        `${variable} must begin with a letter, and have two or more letters, digits, and underscores.`,
      );
    }
    if (GUARDED_VARIABLES.test(name) || Object.hasOwn(own, name)) {
      throw new Error(`${variable} is a variable of the service. Remove it.`);
    }
  }
}

/**
 * The code writes audit entries with the level INFO, and metrics without a level, which count as INFO: no setting may raise
 * the level of the application.
 * Source: Lambda developer guide, "Log-level filtering".
 */
const logOptions = ({ systemLogLevel }: FunctionSettings = {}): Partial<FunctionOptions> =>
  systemLogLevel === undefined
    ? {}
    : {
        loggingFormat: LoggingFormat.JSON,
        systemLogLevelV2: systemLogLevel,
        applicationLogLevelV2: ApplicationLogLevel.INFO,
      };

/** The function, and in the same scope its siblings with the ids `roleId` and `logGroupId`. */
export class ServiceFunction extends LambdaFunction {
  /** The function's role. It ignores grants if the function has a `policy`. */
  readonly executionRole: Role;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    const { policy, network = 'internet' } = props;
    const { memorySize, reservedConcurrentExecutions, tracing = true } = props.settings ?? {};
    const layers = [...(props.layers ?? []), ...(props.settings?.layers ?? [])];
    const environment = { ...props.environment, DEPLOYMENT_NAME: props.deployment };
    checkAddedVariables(scope, props.settings?.environment ?? {}, environment);
    const logGroup = new LogGroup(scope, props.logGroupId ?? 'Logs', {
      retention: props.logRetention,
      removalPolicy: props.removalPolicy,
      ...(props.logKey && { encryptionKey: props.logKey }),
    });
    const statements = [...reporting(logGroup), ...networkInterfaceStatements(network)];
    const role = new Role(scope, props.roleId ?? 'Role', {
      description: props.roleDescription ?? props.description,
      ...(props.roleName !== undefined && { roleName: props.roleName }),
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      ...(policy && {
        inlinePolicies: {
          [policy.name]: new PolicyDocument({ statements: [...policy.statements, ...statements] }),
        },
      }),
    });
    if (policy) validatePolicySize(role);
    else for (const statement of statements) role.addToPolicy(statement);
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        "AWS X-Ray, a function's network interfaces in a VPC, and STS GetWebIdentityToken support no resource-level permissions.",
    });
    super(scope, id, {
      description: props.description,
      ...props.code,
      memorySize: memorySize ?? props.memorySize,
      ...(reservedConcurrentExecutions !== undefined && { reservedConcurrentExecutions }),
      timeout: props.timeout,
      currentVersionOptions: VERSION_OPTIONS,
      logGroup,
      ...logOptions(props.settings),
      role: policy ? role.withoutPolicyUpdates() : role,
      ...vpcOptions(network),
      ...(!tracing && { tracing: Tracing.DISABLED }),
      ...(layers.length > 0 && { layers }),
      environment: { ...props.settings?.environment, ...environment },
    });
    validateEnvironment(this, props.environmentSources ?? {});
    this.executionRole = role;
  }
}

/** A function that callers invoke through an alias of its newest version. */
export class PublishedFunction extends ServiceFunction {
  /** What callers invoke. */
  readonly alias: Alias;

  constructor(scope: Construct, id: string, props: PublishedFunctionProps) {
    super(scope, id, props);
    this.alias = addLiveAlias(this, {
      asynchronous: props.asynchronous,
      provisionedConcurrentExecutions: props.settings?.provisionedConcurrentExecutions,
    });
  }
}
