/**
 * The service's control plane, called with AWS's own client. IAM authorization on API Gateway wants the signing name
 * `execute-api`; the endpoint is the deployment's.
 */
import {
  BedrockAgentCoreControlClient,
  BedrockAgentCoreControlServiceException,
  DeleteResourcePolicyCommand,
  GetResourcePolicyCommand,
  ListTagsForResourceCommand,
  PutResourcePolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type BedrockAgentCoreControlClientConfig,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { Refusal, type DeployedResource, type Tags } from './deployed-resource';
import { withSettledPermissions } from './settled-permissions';

/** Attempts at one call: another deployment, or an operator, may be changing the same resource. */
const ATTEMPTS = 5;

/** API Gateway's own words for a caller whose IAM policies do not let the operation through. */
const REFUSED_BY_IAM = 'is not authorized to perform: execute-api';

const isRefusedByIam = (error: unknown): boolean =>
  error instanceof BedrockAgentCoreControlServiceException && error.message.includes(REFUSED_BY_IAM);

/**
 * The service at an endpoint.
 *
 * @param config the endpoint, without a trailing slash, and what else AWS's client takes
 */
export function createControlPlane(
  config: BedrockAgentCoreControlClientConfig & { readonly endpoint: string },
): BedrockAgentCoreControlClient {
  const client = new BedrockAgentCoreControlClient({
    maxAttempts: ATTEMPTS,
    ...config,
    ...{ signingName: 'execute-api' },
  });
  client.middlewareStack.add(
    (next) => (args) => withSettledPermissions(isRefusedByIam, () => next(args)),
    // Around everything, so that each attempt is signed anew.
    { step: 'initialize' },
  );
  return client;
}

type Stack = TagResourceCommand['middlewareStack'];

/** Sends members that the AWS client would leave out because its model does not know them. */
export function alsoSending<Command extends { middlewareStack: unknown }>(
  command: Command,
  members: object,
): Command {
  // Every command's stack is the same but for the types of input and output, which are not touched here.
  (command.middlewareStack as Stack).add(
    (next) => (args) => {
      const request = args.request as { body: unknown };
      const body = JSON.parse(String(request.body)) as object;
      request.body = JSON.stringify({ ...body, ...members });
      return next(args);
    },
    // Ahead of the one that counts the body's bytes.
    { step: 'build', priority: 'high' },
  );
  return command;
}

const isService = (error: unknown, name: string): error is BedrockAgentCoreControlServiceException =>
  error instanceof BedrockAgentCoreControlServiceException && error.name === name;

const isTaken = (error: unknown): boolean => isService(error, 'ConflictException');

/** Nothing has a name that the service does not take: one that was refused at the creation is asked about once more. */
const isMissing = (error: unknown): boolean =>
  isService(error, 'ResourceNotFoundException') || isService(error, 'ValidationException');

/** The service says that it belongs to somebody else; a role that lacks a permission is another matter. */
const isAnothers = (error: unknown): boolean =>
  isService(error, 'AccessDeniedException') && !isRefusedByIam(error);

/** What the service says is for a person; what is not from it is a defect, or a connection that failed. */
const refusalOf = (error: unknown): unknown =>
  error instanceof BedrockAgentCoreControlServiceException
    ? new Refusal(`${error.name}: ${error.message}`)
    : error;

/** @throws Refusal in place of an error of the service */
export const asked = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
  try {
    return await answer;
  } catch (error) {
    throw refusalOf(error);
  }
};

/** @returns undefined when the name is taken. @throws Refusal */
export async function unlessTaken<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isTaken(error)) return undefined;
    throw refusalOf(error);
  }
}

/** @throws Refusal */
export async function ifThere<Answer>(answer: Promise<Answer>): Promise<Answer | 'none' | 'anothers'> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return 'none';
    if (isAnothers(error)) return 'anothers';
    throw refusalOf(error);
  }
}

/** What is asked alike of every kind. */
export const commonTo = (
  client: BedrockAgentCoreControlClient,
): Pick<DeployedResource, 'tagsOf' | 'tag' | 'untag' | 'setPolicy' | 'policyOf'> => ({
  async tagsOf(resourceArn): Promise<Tags> {
    const { tags } = await asked(client.send(new ListTagsForResourceCommand({ resourceArn })));
    return tags ?? {};
  },
  async tag(resourceArn, tags) {
    await asked(client.send(new TagResourceCommand({ resourceArn, tags })));
  },
  async untag(resourceArn, keys) {
    await asked(client.send(new UntagResourceCommand({ resourceArn, tagKeys: [...keys] })));
  },
  async setPolicy(resourceArn, policy) {
    const command =
      policy === ''
        ? client.send(new DeleteResourcePolicyCommand({ resourceArn }))
        : client.send(new PutResourcePolicyCommand({ resourceArn, policy }));
    await asked<unknown>(command);
  },
  async policyOf(resourceArn) {
    const answer = await ifThere(client.send(new GetResourcePolicyCommand({ resourceArn })));
    return typeof answer === 'string' ? undefined : (answer.policy ?? '');
  },
});

/** A member that the service always answers with. */
export function stated(value: string | undefined, member: string): string {
  if (value === undefined) throw new Error(`the service's answer lacks ${member}`);
  return value;
}
