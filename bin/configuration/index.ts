/** What `agent-identity.config.ts` can state: the props of the two stacks, with names and ARNs in place of constructs. */
import type { IpAddressType } from 'aws-cdk-lib/aws-apigateway';
import type { SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { HostedZoneAttributes } from 'aws-cdk-lib/aws-route53';
import type {
  FunctionSettings,
  GatewaysProps,
  IdentityServiceProps,
  IdentityStateProps,
  ServiceFunctionSettings,
} from '../../lib';

/** The props that both stacks take. */
export type DeploymentProps = IdentityServiceProps & IdentityStateProps;

/** Props that take objects or enumerations of the CDK. The configuration states them in its own form. */
type Restated =
  | 'alarmsTopic'
  | 'auditRetention'
  | 'auditTrail'
  | 'deploymentConfig'
  | 'domain'
  | 'encryptionKey'
  | 'functions'
  | 'gateways'
  | 'ipAddressType'
  | 'lifetimes'
  | 'logRetention'
  | 'network'
  | 'privateApi'
  | 'removalPolicy'
  | 'webAcl';

/**
 * An audit trail in Amazon S3: the retention of its objects as an ISO 8601 duration of whole days, such as `P365D`, its
 * mode, and the name of an existing bucket.
 */
export interface AuditTrailConfiguration {
  readonly retention?: string;
  readonly mode?: 'GOVERNANCE' | 'COMPLIANCE';
  readonly bucketName?: string;
}

/** Lifetimes as ISO 8601 durations without years, months, and weeks, such as `PT15M` (15 minutes) or `P90D` (90 days). */
export interface LifetimeConfiguration {
  readonly workloadAccessToken?: string;
  readonly consentSession?: string;
  readonly vaultKey?: string;
}

/** A custom domain name for the API. */
export interface DomainConfiguration {
  /** The name, such as `identity.example.com`. */
  readonly domainName: string;
  /** ARN of the certificate for that name, in the deployment's Region. */
  readonly certificateArn: string;
  /** Hosted zone that gets an alias record for the name. By default, you point the name at the API yourself. */
  readonly hostedZone?: HostedZoneAttributes;
}

/** Settings of one function. */
export interface FunctionConfiguration extends Omit<FunctionSettings, 'layers' | 'systemLogLevel'> {
  /** The least level of Lambda's own log records. */
  readonly systemLogLevel?: `${SystemLogLevel}`;
}

/** The APIs of gateways, each with its own domain name, and the limits of their methods. */
export interface GatewaysConfiguration extends Pick<
  GatewaysProps,
  'throttle' | 'allowedOrigins' | 'targetRoles' | 'jwtPassthrough' | 'limits'
> {
  /** For gateways with user tokens. */
  readonly jwtDomain?: DomainConfiguration;
  /** For gateways with IAM. */
  readonly iamDomain?: DomainConfiguration;
}

/** An existing VPC for the functions of a deployment. */
export interface NetworkConfiguration {
  readonly vpcId: string;
  /** Private subnets, with routes to the AWS services that the functions call. */
  readonly subnetIds: string[];
  /** By default, a new security group that allows all outbound and no inbound traffic. */
  readonly securityGroupIds?: string[];
  /** Whether the functions also connect over IPv6. */
  readonly ipv6AllowedForDualStack?: boolean;
  /** Ranges of the network that are public by their number, such as the IPv6 range of the VPC. */
  readonly internalRanges?: string[];
  /** Whether all functions run in the VPC, and not only those that send requests to third parties. */
  readonly allFunctions?: boolean;
}

/** The configuration of a deployment. A member that is not set has the default of the prop. */
export interface DeploymentConfiguration extends Omit<DeploymentProps, Restated> {
  /**
   * ARN of the topic that receives a message when an alarm starts and when it ends. If the topic is encrypted, its key
   * policy must allow `cloudwatch.amazonaws.com` to use the key.
   * @default - alarms send no messages
   */
  readonly alarmsTopicArn?: string;
  /**
   * Days that the functions' logs are kept, which contain the audit log; 9999 keeps them without a time limit.
   * @default 365
   */
  readonly auditRetention?: RetentionDays;
  /**
   * Copies the audit entries into a bucket that shows tampering, with `retention`, by default `P365D`, and `mode`, by
   * default `GOVERNANCE`: a new one, or an existing one with `bucketName` (docs/audit-trail.md).
   * @default - the audit entries are only in the functions' logs
   */
  readonly auditTrail?: AuditTrailConfiguration;
  /**
   * Name of the deployment configuration with which AWS CodeDeploy shifts the callers of each function to a new version,
   * such as `CodeDeployDefault.LambdaCanary10Percent10Minutes`. An alarm about function errors, unexpected errors, keys,
   * or signatures ends the deployment and restores the version before. The alarms have periods of 5 minutes, so a shift
   * should take 10 minutes or more.
   * @default - all callers get the new version immediately
   */
  readonly deploymentConfig?: string;
  /**
   * A custom domain name for the API: `domainName`, `certificateArn`, and optionally `hostedZone` with
   * `hostedZoneId` and `zoneName`.
   * @default - API Gateway's own address
   */
  readonly domain?: DomainConfiguration;
  /**
   * ARN of a symmetric KMS key for vault keys, signing keys, and tables.
   * @default - a new key, rotated every year
   */
  readonly encryptionKeyArn?: string;
  /**
   * Account and Region of both stacks: `account` and `region`.
   * @default - those of your AWS credentials
   */
  readonly env?: { readonly account?: string; readonly region?: string };
  /**
   * Memory, concurrency, environment, tracing, and `systemLogLevel` of individual functions.
   * @default - memory from measurement; no reserved and no provisioned concurrency
   */
  readonly functions?: Partial<Record<keyof ServiceFunctionSettings, FunctionConfiguration>>;
  /**
   * The APIs and functions of gateways (docs/gateways.md): an empty object, or `jwtDomain` and `iamDomain` in the form of
   * `domain`, `throttle`, `allowedOrigins`, `targetRoles`, `jwtPassthrough`, and `limits`.
   * @default - none: the service has no gateways
   */
  readonly gateways?: GatewaysConfiguration;
  /**
   * How long tokens, consent sessions, and vault keys are valid, as ISO 8601 durations without years, months, and weeks.
   * @default - `PT15M` for `workloadAccessToken`, `PT10M` for `consentSession`, `P90D` for `vaultKey`
   */
  readonly lifetimes?: LifetimeConfiguration;
  /**
   * The IP versions over which the API and its domain name can be called: `ipv4`, or `dualstack` for IPv4 and IPv6. With
   * `dualstack`, IAM policies and web ACLs that name IP addresses need those of IPv6, too. A private API always accepts both
   * versions.
   * @default - `ipv4` for an API that can be reached from the internet
   */
  readonly ipAddressType?: `${IpAddressType}`;
  /**
   * Days that API Gateway's access log is kept.
   * @default 90
   */
  readonly logRetention?: RetentionDays;
  /**
   * A VPC for the functions that send requests to identity providers and authorization servers, to reach servers in
   * private networks: `vpcId`, `subnetIds` of private subnets, and optionally `securityGroupIds`,
   * `ipv6AllowedForDualStack`, `internalRanges`, and `allFunctions` (docs/private-networks.md).
   * @default - the functions send their requests over the internet
   */
  readonly network?: NetworkConfiguration;
  /**
   * Restricts the API to VPC endpoints, also for browsers during consent: IDs of interface endpoints for `execute-api`
   * with private DNS, in `vpcEndpointIds`, and optionally those of `callers` in `vpcEndpointIdsOfOtherAccounts`.
   * @default - the API can be reached from the internet
   */
  readonly privateApi?: {
    readonly vpcEndpointIds: string[];
    readonly vpcEndpointIdsOfOtherAccounts?: string[];
  };
  /**
   * What happens to the tables, keys, and logs when they leave their stack. `destroy` also disables deletion protection.
   * @default retain
   */
  readonly removalPolicy?: 'retain' | 'destroy';
  /**
   * Tags of both stacks, and of all their resources that can have tags: an object of names and values.
   * @default - none
   */
  readonly tags?: Record<string, string>;
  /**
   * Whether the stacks cannot be deleted until this is set to `false`.
   * @default false
   */
  readonly terminationProtection?: boolean;
  /**
   * A web ACL (AWS WAF) in front of the API: `arn` of an existing one, or `requestsPerFiveMinutes` of each IP address for a
   * new one with AWS managed rules. An empty object is a new one with 20,000 requests.
   * @default - none
   */
  readonly webAcl?: { readonly arn: string } | { readonly requestsPerFiveMinutes?: number };
}

/** Returns the configuration unchanged, so that an editor knows the members. */
export const defineConfig = (configuration: DeploymentConfiguration): DeploymentConfiguration =>
  configuration;
