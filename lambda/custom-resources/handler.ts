/** Handles one CloudFormation request, from parsing to the response, which is always sent. */
import type { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { INVOKE, requestContextOf } from '../api/request-context';
import type { AuditEntry, AuditTrail, Requests } from '../domain/audit';
import type { System } from '../domain/system';
import { apiKeyCredentialProviders } from './api-key-credential-provider';
import { consentPortals } from './consent-portal';
import { Refusal, type DeployedResource, type Desired } from './deployed-resource';
import { gateways } from './gateway';
import { policyEngines } from './policy-engine';
import type { CustomResourceType } from '../model/custom-resources/types';
import { perform } from './lifecycle';
import { oauth2CredentialProviders } from './oauth2-credential-provider';
import {
  ResponseTargetSchema,
  configurationOf,
  RequestSchema,
  StageSecretRequestSchema,
  type ResponseTarget,
  type Properties,
} from '../model/custom-resources/request';
import { respond, type Outcome } from './response';
import { readSecret } from './secret-text';
import { CREATE_STAGE_SECRET, newStageSecret } from './stage-secret';
import {
  checkProvider,
  checkStack,
  endpointOf,
  endpointOfDeletion,
  ForeignRequest,
  isResponseUrl,
  NOT_CLOUDFORMATION,
  type DeployedStack,
} from './stack';
import { workloadIdentities } from './workload-identity';

export interface ResourceDependencies {
  /** Records refused and failed requests. The service's own audit log has the successful calls. */
  readonly audit: AuditTrail;
  readonly requests: Pick<Requests, 'within'>;
  readonly system: Pick<System, 'randomToken'>;
  /** What a request can name. */
  readonly stack: DeployedStack;
  /** A client of the service with the credentials of the function's role. */
  readonly controlPlane: (endpoint: string) => BedrockAgentCoreControlClient;
  readonly secretsManager: SecretsManagerClient;
  /** Receives each failed request, without secrets. */
  readonly reportFailure: (failure: { readonly logicalId: string; readonly reason: string }) => void;
}

const RESOURCES_BY_TYPE: Readonly<
  Record<CustomResourceType, (client: BedrockAgentCoreControlClient) => DeployedResource>
> = {
  'Custom::AgentIdentityWorkloadIdentity': workloadIdentities,
  'Custom::AgentIdentityOAuth2CredentialProvider': oauth2CredentialProviders,
  'Custom::AgentIdentityApiKeyCredentialProvider': apiKeyCredentialProviders,
  'Custom::AgentIdentityConsentPortal': consentPortals,
  'Custom::AgentIdentityGateway': gateways,
  'Custom::AgentIdentityPolicyEngine': policyEngines,
};

/** The message omits the event and the URL, because an attacker might have written them. */
const NOT_UNDERSTOOD = 'The event is not a CloudFormation request. Nothing was changed.';

/** Milliseconds before the function's timeout at which CloudFormation gets a failure. */
const TIME_TO_RESPOND = 12_000;

/**
 * Returns the physical ID for a failed request: the current name, or else the requested one, which CloudFormation then
 * asks to delete. Without either, it is a name that no resource has.
 */
const nameBefore = ({ PhysicalResourceId, ResourceProperties }: ResponseTarget): string =>
  PhysicalResourceId ?? ResourceProperties?.name ?? 'agent-identity-never-made';

/**
 * Returns a message that was written for people. Of any other error it returns only the name, as its message might hold
 * a secret.
 */
const reasonOf = (error: unknown): string =>
  error instanceof Refusal
    ? error.message
    : `Unexpected: ${error instanceof Error ? error.name : 'unknown'}. Deploy again. If the error persists, report it as a defect.`;

/** How the audit entry describes the result. It repeats nothing of a refused request, which might be an attacker's. */
function endOf(error: unknown): Pick<AuditEntry, 'outcome' | 'error' | 'reason'> {
  if (error instanceof ForeignRequest) {
    return { outcome: 'denied', error: 'AccessDeniedException', reason: error.message };
  }
  if (error instanceof v.ValiError) {
    return { outcome: 'denied', error: 'ValidationException', reason: NOT_UNDERSTOOD };
  }
  return { outcome: 'failed', reason: reasonOf(error) };
}

/** Without a response, CloudFormation would wait for the resource's timeout, and would not learn its name. */
function outOfTime(milliseconds: number): Promise<never> {
  return new Promise((_, reject) => {
    const refusal = new Refusal('The service did not respond in time. Deploy again.');
    setTimeout(() => reject(refusal), milliseconds).unref();
  });
}

type InvocationContext = Pick<Context, 'getRemainingTimeInMillis'> &
  Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>;

/**
 * @returns a handler that throws if the response cannot be delivered; Lambda then retries the same request
 */
export function createResourceHandler(deps: ResourceDependencies) {
  const { system, stack, controlPlane, secretsManager, reportFailure } = deps;

  function record(
    entry: Pick<AuditEntry, 'operation' | 'outcome' | 'error' | 'reason'>,
    { invokedFunctionArn: resource }: InvocationContext,
  ): void {
    deps.audit.record({ ...entry, ...(resource !== undefined && { resource }) });
  }

  async function desiredOf(properties: Properties): Promise<Desired> {
    const { name, secret, portal, agents } = properties;
    const configuration = configurationOf(properties);
    return {
      name,
      configuration,
      portal,
      agents,
      ...(secret && { secret: await readSecret(secretsManager, secret) }),
    };
  }

  async function performed(event: unknown, context: InvocationContext): Promise<Outcome> {
    if (v.is(StageSecretRequestSchema, event)) {
      checkStack(stack, event.StackId);
      record({ operation: CREATE_STAGE_SECRET, outcome: 'allowed' }, context);
      return newStageSecret(system);
    }
    const request = v.parse(RequestSchema, event);
    checkStack(stack, request.StackId);
    if (request.RequestType !== 'Delete') checkProvider(stack, request);
    const { endpoint } = request.ResourceProperties;
    const pinned = (request.RequestType === 'Delete' ? endpointOfDeletion : endpointOf)(stack, endpoint);
    const resource = RESOURCES_BY_TYPE[request.ResourceType](controlPlane(pinned));
    return perform(resource, desiredOf, request);
  }

  async function outcomeOf(
    event: unknown,
    target: ResponseTarget,
    context: InvocationContext,
  ): Promise<Outcome> {
    const milliseconds = context.getRemainingTimeInMillis() - TIME_TO_RESPOND;
    try {
      return await Promise.race([performed(event, context), outOfTime(milliseconds)]);
    } catch (error) {
      const reason = reasonOf(error);
      record({ operation: INVOKE, ...endOf(error) }, context);
      reportFailure({ logicalId: target.LogicalResourceId, reason });
      return { status: 'FAILED', name: nameBefore(target), reason };
    }
  }

  async function serve(event: unknown, context: InvocationContext): Promise<void> {
    const parsed = v.safeParse(ResponseTargetSchema, event);
    const target = parsed.success ? parsed.output : undefined;
    if (!target || !isResponseUrl(stack, target.ResponseURL)) {
      const reason = target ? NOT_CLOUDFORMATION : NOT_UNDERSTOOD;
      record({ operation: INVOKE, outcome: 'denied', error: 'AccessDeniedException', reason }, context);
      // No cause: Lambda logs a thrown error.
      throw new Error(reason);
    }
    await respond(target, await outcomeOf(event, target, context));
  }

  return (event: unknown, context: InvocationContext): Promise<void> =>
    deps.requests.within(requestContextOf(undefined, context), () => serve(event, context));
}
