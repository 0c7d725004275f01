/**
 * Checks that a request is for this endpoint's agent. AWS clients name the agent by its ARN, percent-encoded as one
 * segment, or by its ID and account; API Gateway passes the path encoded or decoded.
 * Source: InvokeAgentRuntime (Amazon Bedrock AgentCore, data plane 2024-02-28).
 */
import { arnParts } from '../../model/arn';
import { ServiceError } from '../service-error';
import { invocationUrl, type AgentEndpointConfiguration } from './agent-endpoint';
import { INVOCATIONS } from './gate-routes';

/** The default qualifier of AgentCore runtimes, and the only one here. */
const DEFAULT_QUALIFIER = 'DEFAULT';

/** The recipient in a request. */
export interface Addressee {
  /** The path after `/runtimes/`. */
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
  const { account, resource } = arnParts(arn);
  if (accountId !== undefined && accountId !== account) return false;
  // As in AWS, the ID requires the account.
  return named === arn || (accountId !== undefined && `runtime/${named}` === resource);
}

/**
 * Checks that a request is for this endpoint's agent.
 *
 * @throws ResourceNotFoundException for another agent, path, or qualifier
 */
export function checkAddressee(
  { agentRuntimeArn }: Pick<AgentEndpointConfiguration, 'agentRuntimeArn'>,
  { path, qualifier, accountId }: Addressee,
): void {
  if (!path.endsWith(INVOCATIONS)) {
    throw notFound('This path does not exist. Call POST /runtimes/{agentRuntimeArn}/invocations.');
  }
  const named = decoded(path.slice(0, -INVOCATIONS.length));
  if (accountId.length > 1 || !namesAgent(agentRuntimeArn, named, accountId[0])) {
    throw notFound(`This endpoint serves only ${agentRuntimeArn}. Check the agent runtime's ARN.`);
  }
  if (qualifier.some((name) => name !== DEFAULT_QUALIFIER)) {
    throw notFound('The agent has no such qualifier. Omit it, or send DEFAULT.');
  }
}

/**
 * Returns whether the metadata at this path are the endpoint's.
 *
 * @param path after the well-known path, where a client requests the metadata of the resource at that path (RFC 9728
 *   section 3.1); undefined for the metadata of the host
 */
export function isMetadataPath(endpoint: AgentEndpointConfiguration, path: string | undefined): boolean {
  if (path === undefined) return true;
  const resource = decoded(new URL(invocationUrl(endpoint)).pathname).slice(1);
  // The gateway's part of the base (its stage or a base path) does not reach the function.
  return [resource, `runtimes/${endpoint.agentRuntimeArn}${INVOCATIONS}`].includes(decoded(path));
}
