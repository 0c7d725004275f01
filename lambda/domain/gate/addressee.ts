/**
 * Whether a call is for this endpoint's agent. AWS's clients name it by its ARN, percent-encoded as one segment, or by
 * its id and account; API Gateway hands that on encoded or decoded.
 * Source: InvokeAgentRuntime (Amazon Bedrock AgentCore, data plane 2024-02-28).
 */
import { ServiceError } from '../service-error';
import { invocationUrl, type AgentEndpointConfiguration } from './agent-endpoint';

const INVOCATIONS = '/invocations';

/** The one that AWS's runtimes have by themselves; here there is no other. */
const DEFAULT_QUALIFIER = 'DEFAULT';

/** What a call says of whom it is for. */
export interface Addressee {
  /** What is behind `/runtimes/` in the path. */
  readonly path: string;
  /** Values of the query parameters of these names. */
  readonly qualifier: readonly string[];
  readonly accountId: readonly string[];
}

const notFound = (message: string): ServiceError => new ServiceError('ResourceNotFoundException', message);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function namesAgent(arn: string, named: string, accountId: string | undefined): boolean {
  const [, , , , account, resource = ''] = arn.split(':');
  if (accountId !== undefined && accountId !== account) return false;
  // By the id alone only together with the account, as AWS has it.
  return named === arn || (accountId !== undefined && `runtime/${named}` === resource);
}

/** @throws ResourceNotFoundException for another agent, another path, or a version that there is not */
export function checkAddressee(
  { agentRuntimeArn }: Pick<AgentEndpointConfiguration, 'agentRuntimeArn'>,
  { path, qualifier, accountId }: Addressee,
): void {
  if (!path.endsWith(INVOCATIONS)) {
    throw notFound('There is nothing here. Call POST /runtimes/{agentRuntimeArn}/invocations.');
  }
  const named = decoded(path.slice(0, -INVOCATIONS.length));
  if (accountId.length > 1 || !namesAgent(agentRuntimeArn, named, accountId[0])) {
    throw notFound(`This endpoint serves ${agentRuntimeArn} alone. Check the agent runtime's ARN.`);
  }
  if (qualifier.some((name) => name !== DEFAULT_QUALIFIER)) {
    throw notFound('The agent has no such qualifier. Leave it out, or send DEFAULT.');
  }
}

/**
 * @param path behind the well-known one, where a client looks for the metadata of the resource at that path (RFC 9728
 *   section 3.1); undefined when it asked for that of the host
 * @returns whether it is this endpoint's
 */
export function isMetadataPath(endpoint: AgentEndpointConfiguration, path: string | undefined): boolean {
  if (path === undefined) return true;
  const resource = decoded(new URL(invocationUrl(endpoint)).pathname).slice(1);
  // What of the base is the gateway's own, its stage or a base path, does not reach the function.
  return [resource, `runtimes/${endpoint.agentRuntimeArn}${INVOCATIONS}`].includes(decoded(path));
}
