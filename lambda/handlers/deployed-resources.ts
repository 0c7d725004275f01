/**
 * Composition of the function behind the custom resources of a template: CloudFormation asks, the service's own API is
 * called, CloudFormation is told. It has no way to the tables or the keys: it is one more caller of the service, and
 * owns what it makes.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import type { BedrockAgentCoreControlClient } from '@aws-sdk/client-bedrock-agentcore-control';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { apiKeyCredentialProviders } from '../resources/api-key-credential-provider';
import { createControlPlane } from '../resources/control-plane';
import { Refusal, type DeployedResource, type Desired } from '../resources/deployed-resource';
import type { ResourceKind } from '../resources/kinds';
import { perform } from '../resources/lifecycle';
import { oauth2CredentialProviders } from '../resources/oauth2-credential-provider';
import { AnswerableSchema, RequestSchema, type Answerable, type Properties } from '../resources/request';
import { respond, type Outcome } from '../resources/response';
import { readSecret } from '../resources/secret-text';
import { workloadIdentities } from '../resources/workload-identity';

const KINDS: Readonly<Record<ResourceKind, (client: BedrockAgentCoreControlClient) => DeployedResource>> = {
  'Custom::AgentIdentityWorkloadIdentity': workloadIdentities,
  'Custom::AgentIdentityOAuth2CredentialProvider': oauth2CredentialProviders,
  'Custom::AgentIdentityApiKeyCredentialProvider': apiKeyCredentialProviders,
};

/** Milliseconds before the function's own end at which CloudFormation is told that it did not work out. */
const TIME_TO_ANSWER = 12_000;

/**
 * The resource as it stands when the request fails: its name so far, or else the one that was wanted, which
 * CloudFormation then asks to be deleted. Where there is neither, it gets the name of a resource that never is.
 */
const nameBefore = ({ PhysicalResourceId, ResourceProperties }: Answerable): string =>
  PhysicalResourceId ?? ResourceProperties?.name ?? 'agent-identity-never-made';

const logger = new Logger({ serviceName: 'agent-identity' });
const secretsManager = new SecretsManagerClient({});

async function desiredOf({ name, configuration, secret }: Properties): Promise<Desired> {
  return { name, configuration, ...(secret && { secret: await readSecret(secretsManager, secret) }) };
}

/** Only what was written for a person: anything else may hold what it must not, and stays a name. */
function reasonOf(error: unknown, requestId: string): string {
  if (error instanceof Refusal) return error.message;
  const name = error instanceof Error ? error.name : 'unknown';
  return `Unexpected: ${name}. The log of the function has it under the request id ${requestId}.`;
}

async function outcomeOf(event: unknown, answerable: Answerable, requestId: string): Promise<Outcome> {
  try {
    const request = v.parse(RequestSchema, event);
    const client = createControlPlane(request.ResourceProperties.endpoint);
    return await perform(KINDS[request.ResourceType](client), desiredOf, request);
  } catch (error) {
    const reason = reasonOf(error, requestId);
    logger.error('the request failed', { logicalId: answerable.LogicalResourceId, reason });
    return { status: 'FAILED', name: nameBefore(answerable), reason };
  }
}

/** Without an answer CloudFormation would wait until the resource's time is out, and not know its name. */
function outOfTime(answerable: Answerable, milliseconds: number): Promise<Outcome> {
  const name = nameBefore(answerable);
  const reason = 'The service did not answer in time. Deploy again.';
  return new Promise((resolve) => {
    setTimeout(() => resolve({ status: 'FAILED', name, reason }), milliseconds).unref();
  });
}

/** @throws Error when CloudFormation could not be told; Lambda then comes again with the same request */
export async function handler(event: unknown, context: Context): Promise<void> {
  const answerable = v.parse(AnswerableSchema, event);
  const outcome = await Promise.race([
    outcomeOf(event, answerable, context.awsRequestId),
    outOfTime(answerable, context.getRemainingTimeInMillis() - TIME_TO_ANSWER),
  ]);
  await respond(answerable, outcome);
}
