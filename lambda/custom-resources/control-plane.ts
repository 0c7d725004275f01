/**
 * Calls the service's control plane with the AWS SDK. IAM authorization on API Gateway requires the signing name
 * `execute-api`. The endpoint is the deployment's.
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

/** Attempts at one call, because another deployment or an operator might be changing the same resource. */
const ATTEMPTS = 5;

/** API Gateway's message for a caller whose IAM policies do not allow the operation. */
const REFUSED_BY_IAM = 'is not authorized to perform: execute-api';

const isRefusedByIam = (error: unknown): boolean =>
  error instanceof BedrockAgentCoreControlServiceException && error.message.includes(REFUSED_BY_IAM);

/**
 * Returns a client of the service at an endpoint.
 *
 * @param config the endpoint, without a trailing slash, and other configuration of the AWS SDK
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
    (next) => (args) => {
      const request = args.request as { path: string };
      // IAM compares the path as it was sent, and some operations of the AWS model end in a slash.
      request.path = request.path.replace(/\/$/, '');
      return next(args);
    },
    { step: 'build' },
  );
  client.middlewareStack.add(
    (next) => (args) => withSettledPermissions(isRefusedByIam, () => next(args)),
    // Outermost, so that each attempt is signed again.
    { step: 'initialize' },
  );
  return client;
}

type Stack = TagResourceCommand['middlewareStack'];

/** Sends members that the AWS client would omit because its model lacks them. */
export function alsoSending<Command extends { middlewareStack: unknown }>(
  command: Command,
  members: object,
): Command {
  // Every command has the same middleware stack, except for the types of input and output, which do not matter here.
  (command.middlewareStack as Stack).add(
    (next) => (args) => {
      const request = args.request as { body: unknown };
      const body = JSON.parse(new TextDecoder().decode(request.body as Uint8Array)) as object;
      request.body = JSON.stringify({ ...body, ...members });
      return next(args);
    },
    // Before the middleware that computes the content length.
    { step: 'build', priority: 'high' },
  );
  return command;
}

const isService = (error: unknown, name: string): error is BedrockAgentCoreControlServiceException =>
  error instanceof BedrockAgentCoreControlServiceException && error.name === name;

const isTaken = (error: unknown): boolean => isService(error, 'ConflictException');

/** No resource has a name that the service rejects. CloudFormation asks to delete it after a rejected creation. */
const isMissing = (error: unknown): boolean =>
  isService(error, 'ResourceNotFoundException') || isService(error, 'ValidationException');

/** Whether the service says that another principal owns it. A role that lacks an IAM permission is a different error. */
const isAnothers = (error: unknown): boolean =>
  isService(error, 'AccessDeniedException') && !isRefusedByIam(error);

/** The service's messages are for people. Any other error is a defect or a failed connection. */
const refusalOf = (error: unknown): unknown =>
  error instanceof BedrockAgentCoreControlServiceException
    ? new Refusal(`${error.name}: ${error.message}`)
    : error;

/** @throws Refusal instead of an error of the service */
export const asked = async <Output>(output: Promise<Output>): Promise<Output> => {
  try {
    return await output;
  } catch (error) {
    throw refusalOf(error);
  }
};

/** @returns undefined if the name is taken. @throws Refusal */
export async function unlessTaken<Output>(output: Promise<Output>): Promise<Output | undefined> {
  try {
    return await output;
  } catch (error) {
    if (isTaken(error)) return undefined;
    throw refusalOf(error);
  }
}

/** @throws Refusal */
export async function ifThere<Output>(output: Promise<Output>): Promise<Output | 'none' | 'anothers'> {
  try {
    return await output;
  } catch (error) {
    if (isMissing(error)) return 'none';
    if (isAnothers(error)) return 'anothers';
    throw refusalOf(error);
  }
}

/** The operations that are the same for every type. */
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
    const found = await ifThere(client.send(new GetResourcePolicyCommand({ resourceArn })));
    return typeof found === 'string' ? undefined : (found.policy ?? '');
  },
});

/** Returns a member that every response of the service has. */
export function stated(value: string | undefined, member: string): string {
  if (value === undefined) throw new Error(`the service's response lacks ${member}`);
  return value;
}
