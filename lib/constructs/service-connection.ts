/**
 * What other constructs of this package need from a deployment to connect to it. These details are not part of the
 * public interface `IAgentIdentity`.
 */
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct, IConstruct, IDependable } from 'constructs';
import type { InvokedApi } from './invoked-api';
import type { LogKey } from './log-key';
import type { TrustedIssuer } from '../resources/trusted-issuer';
import type { ServiceCallerAccounts } from './caller-accounts';
import type { CallerNetwork, CallerNetworkAccess } from './caller-network';

/** Where audit entries go, in addition to the log of their function. */
export interface AuditTrailDestination {
  /** Adds the audit entries of a function; the scope gets the subscription. */
  subscribe(scope: Construct, id: string, subscribed: Pick<LambdaFunction, 'logGroup'>): void;
}

/** What IAM policies about the gateways of a deployment name. */
export interface ConnectedGateways {
  /** The API of the gateways with IAM; absent if it is not stated. */
  readonly iam?: InvokedApi;
  /** ARN of the role of the gateway function; absent if it is not stated. */
  readonly roleArn?: string;
  /** ARN of the role with which the gateway function invokes agents; absent if it is not stated. */
  readonly agentsRoleArn?: string;
}

export interface ServiceConnection {
  /** The network that can reach the API. */
  readonly network: CallerNetworkAccess;
  /** The network in which all functions must run, also those that do not call the service; undefined for none. */
  readonly requiredNetwork?: CallerNetwork | undefined;
  /** Must be deployed before the first call to the API, and deleted after the last one. */
  readonly reachable: IDependable;
  /** Other accounts that can call the service; undefined for none. */
  readonly callers?: ServiceCallerAccounts | undefined;
  /** The deployment's trusted issuers, except for identity assertions; undefined for a deployment outside this app. */
  readonly trustedIssuers?: readonly TrustedIssuer[];
  /** The audit trail in Amazon S3; undefined for none, and for a deployment outside this app. */
  readonly auditTrail?: AuditTrailDestination | undefined;
  /** The key of its logs; undefined for a deployment outside this app. */
  readonly logKey?: LogKey;
  /** `none`: the service has no gateways. */
  readonly gateways: ConnectedGateways | 'none';
  /** ARNs of the principals that manage this app's workload identities and credential providers. */
  readonly managerArns: ReadonlySet<string>;
}

const CONNECTIONS = new WeakMap<IConstruct, ServiceConnection>();

/** Registers how other constructs connect to a deployment. */
export function registerConnection(identity: IConstruct, connection: ServiceConnection): void {
  CONNECTIONS.set(identity, connection);
}

/**
 * Returns how to connect to a deployment.
 *
 * @throws Error if the deployment was not made by this package
 */
export function connectionOf(identity: IConstruct): ServiceConnection {
  const connection = CONNECTIONS.get(identity);
  if (connection) return connection;
  throw new Error(
    `${identity.node.path}: identity must be an AgentIdentity, or the result of AgentIdentity.fromAgentIdentityAttributes, of this copy of the package. Check that the app installs the package only once.`,
  );
}
