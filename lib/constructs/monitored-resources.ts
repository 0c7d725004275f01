/** What alarms and dashboards watch. */
import type { Duration } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { FunctionGroup } from '../../lambda/operations/groups';
import type { AuditTrail } from './audit-trail';
import type { IIdentityState } from './state';

/** An API with its functions. */
export interface MonitoredApi {
  /** Name of the deployment, or of the agent endpoint. */
  readonly deployment: string;
  readonly api: { readonly stage: Stage };
  readonly functions: Readonly<Record<string, LambdaFunction>>;
}

/** The functions of a deployment. Some exist only if identity providers are polled, or with gateways. */
export type ServiceFunctions<Type> = Readonly<Record<Exclude<FunctionGroup, 'event-poll'>, Type>> & {
  readonly 'event-poll'?: Type;
  readonly gateway?: Type;
  readonly 'gateway-authorizer'?: Type;
};

/** The parts of a deployment of the service. */
export interface MonitoredResources extends MonitoredApi {
  readonly functions: ServiceFunctions<LambdaFunction>;
  readonly state: IIdentityState;
  readonly auditTrail?: Pick<AuditTrail, 'digestFunction' | 'deliveryStreamName' | 'subscriptionName'>;
}

/** An agent endpoint, as its functions name it in their metrics. */
export interface NamedEndpoint {
  readonly deployment: string;
  readonly workloadIdentityName: string;
}

/** The parts of an agent endpoint. */
export interface MonitoredEndpoint extends MonitoredApi, NamedEndpoint {
  /** An endpoint with IAM has no authorizer. */
  readonly functions: Readonly<Record<string, LambdaFunction>> & { readonly gate: LambdaFunction };
  readonly invocationTimeout: Duration;
  /** The reserved concurrency of the gate; undefined if none is reserved. */
  readonly reservedConcurrentExecutions: number | undefined;
}
