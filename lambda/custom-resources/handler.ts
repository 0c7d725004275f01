/** One request of CloudFormation from its parsing to the answer, which is given whatever happens between. */
import type { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { INVOKE, requestContextOf } from '../api/request-context';
import type { AuditEntry, AuditTrail, Requests } from '../domain/audit';
import { apiKeyCredentialProviders } from './api-key-credential-provider';
import { Refusal, type DeployedResource, type Desired } from './deployed-resource';
import type { ResourceKind } from '../contract/resource-kinds';
import { perform } from './lifecycle';
import { oauth2CredentialProviders } from './oauth2-credential-provider';
import {
  AnswerableSchema,
  configurationOf,
  RequestSchema,
  type Answerable,
  type Properties,
} from '../contract/resource-request';
import { respond, type Outcome } from './response';
import { readSecret } from './secret-text';
import {
  checkProvider,
  checkStack,
  endpointOf,
  endpointOfDeletion,
  ForeignRequest,
  isResponseUrl,
  type DeployedStack,
} from './stack';
import { workloadIdentities } from './workload-identity';

export interface ResourceDependencies {
  /** For what is refused or fails; what is done is in the service's own trail. */
  readonly audit: AuditTrail;
  readonly requests: Pick<Requests, 'within'>;
  /** What a request may name. */
  readonly stack: DeployedStack;
  /** The service, called as the function's own role. */
  readonly controlPlane: (endpoint: string) => BedrockAgentCoreControlClient;
  readonly secretsManager: SecretsManagerClient;
  /** Told of each request that fails; nothing in it is secret. */
  readonly reportFailure: (failure: { readonly logicalId: string; readonly reason: string }) => void;
}

const KINDS: Readonly<Record<ResourceKind, (client: BedrockAgentCoreControlClient) => DeployedResource>> = {
  'Custom::AgentIdentityWorkloadIdentity': workloadIdentities,
  'Custom::AgentIdentityOAuth2CredentialProvider': oauth2CredentialProviders,
  'Custom::AgentIdentityApiKeyCredentialProvider': apiKeyCredentialProviders,
};

/** The message omits the event and the URL, because an attacker might have written them. */
const NOT_UNDERSTOOD = 'The event is not a CloudFormation request. Nothing was changed.';

/** Milliseconds before the function's own end at which CloudFormation is told that it did not work out. */
const TIME_TO_ANSWER = 12_000;

/**
 * The resource as it stands when the request fails: its name so far, or else the one that was wanted, which
 * CloudFormation then asks to be deleted. Where there is neither, it gets the name of a resource that never is.
 */
const nameBefore = ({ PhysicalResourceId, ResourceProperties }: Answerable): string =>
  PhysicalResourceId ?? ResourceProperties?.name ?? 'agent-identity-never-made';

/** Only what was written for a person: anything else may hold what it must not, and stays a name. */
const reasonOf = (error: unknown): string =>
  error instanceof Refusal
    ? error.message
    : `Unexpected: ${error instanceof Error ? error.name : 'unknown'}. Deploy again; if it stays, this is a defect.`;

/** How the entry says that a request ended. A refused request might be an attacker's: its entry repeats nothing of it. */
function endOf(error: unknown): Pick<AuditEntry, 'outcome' | 'error' | 'reason'> {
  if (error instanceof ForeignRequest) {
    return { outcome: 'denied', error: 'AccessDeniedException', reason: error.message };
  }
  if (error instanceof v.ValiError) {
    return { outcome: 'denied', error: 'ValidationException', reason: NOT_UNDERSTOOD };
  }
  return { outcome: 'failed', reason: reasonOf(error) };
}

/** Without an answer CloudFormation would wait until the resource's time is out, and not know its name. */
function outOfTime(milliseconds: number): Promise<never> {
  return new Promise((_, reject) => {
    const refusal = new Refusal('The service did not answer in time. Deploy again.');
    setTimeout(() => reject(refusal), milliseconds).unref();
  });
}

const NOT_CLOUDFORMATION = 'The response URL does not belong to CloudFormation. Nothing was changed.';

type InvocationContext = Pick<Context, 'getRemainingTimeInMillis'> &
  Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>;

/**
 * @returns a handler that throws when CloudFormation could not be told; Lambda then comes again with the same request
 */
export function createResourceHandler(deps: ResourceDependencies) {
  const { stack, controlPlane, secretsManager, reportFailure } = deps;

  function record(end: ReturnType<typeof endOf>, { invokedFunctionArn: resource }: InvocationContext): void {
    deps.audit.record({ operation: INVOKE, ...end, ...(resource !== undefined && { resource }) });
  }

  async function desiredOf(properties: Properties): Promise<Desired> {
    const { name, secret } = properties;
    const configuration = configurationOf(properties);
    return { name, configuration, ...(secret && { secret: await readSecret(secretsManager, secret) }) };
  }

  async function performed(event: unknown): Promise<Outcome> {
    const request = v.parse(RequestSchema, event);
    checkStack(stack, request.StackId);
    if (request.RequestType !== 'Delete') checkProvider(stack, request);
    const { endpoint } = request.ResourceProperties;
    const pinned = (request.RequestType === 'Delete' ? endpointOfDeletion : endpointOf)(stack, endpoint);
    const resource = KINDS[request.ResourceType](controlPlane(pinned));
    return perform(resource, desiredOf, request);
  }

  async function outcomeOf(
    event: unknown,
    answerable: Answerable,
    context: InvocationContext,
  ): Promise<Outcome> {
    const milliseconds = context.getRemainingTimeInMillis() - TIME_TO_ANSWER;
    try {
      return await Promise.race([performed(event), outOfTime(milliseconds)]);
    } catch (error) {
      const reason = reasonOf(error);
      record(endOf(error), context);
      reportFailure({ logicalId: answerable.LogicalResourceId, reason });
      return { status: 'FAILED', name: nameBefore(answerable), reason };
    }
  }

  async function serve(event: unknown, context: InvocationContext): Promise<void> {
    const parsed = v.safeParse(AnswerableSchema, event);
    const answerable = parsed.success ? parsed.output : undefined;
    if (!answerable || !isResponseUrl(stack, answerable.ResponseURL)) {
      const reason = answerable ? NOT_CLOUDFORMATION : NOT_UNDERSTOOD;
      record({ outcome: 'denied', error: 'AccessDeniedException', reason }, context);
      // Without its cause: Lambda writes what is thrown to the log.
      throw new Error(reason);
    }
    await respond(answerable, await outcomeOf(event, answerable, context));
  }

  return (event: unknown, context: InvocationContext): Promise<void> =>
    deps.requests.within(requestContextOf(undefined, context), () => serve(event, context));
}
