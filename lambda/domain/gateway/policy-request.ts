/**
 * A request to a gateway as policies see it.
 * Source: AgentCore developer guide, "Policy scope". The context has the calling agent and its chain in addition.
 */
import { decodeJwt } from 'jose';
import * as v from 'valibot';
import type { McpTool } from '../../model/gateway/mcp-tools';
import type { Gateway } from '../../model/records/gateway';
import { invalidMember } from '../service-error';
import { ClaimsSchema, delegationOf } from '../workload-token/claims';
import type { CalledFor } from './inbound';
import {
  ACTION,
  GATEWAY,
  NAMESPACE,
  TOOL_PARENTS,
  type CedarRecord,
  type CedarRequest,
  type CedarValue,
  type Entity,
} from './cedar';

/** Who calls. */
export interface PolicyCaller extends Pick<CalledFor, 'onBehalfOf' | 'callingAgent'> {
  /** The workload access token of the gateway, which names the agents before it. It is not verified: the service has just issued it. */
  readonly workloadAccessToken: string;
}

const ROLE = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/;

/** @param claims those of a user token that are texts */
export function userEntity(claims: Readonly<Record<string, string>>): Entity {
  const { sub: id } = claims;
  if (id === undefined) throw new Error('a user token has a subject');
  return { uid: { type: `${NAMESPACE}::OAuthUser`, id }, attrs: {}, parents: [], tags: claims };
}

/** @param arn of a role or a user */
export function iamEntity(arn: string): Entity {
  // As AWS names the role of a session.
  const id = arn.replace(ROLE, 'arn:$1:sts::$2:assumed-role/$3');
  return { uid: { type: `${NAMESPACE}::IamEntity`, id }, attrs: { id }, parents: [] };
}

/** Returns the user of the user token, which has been verified, or the IAM principal. */
function principalEntity({ onBehalfOf, callingAgent }: Omit<PolicyCaller, 'workloadAccessToken'>): Entity {
  if (onBehalfOf && 'userToken' in onBehalfOf) {
    const claims = Object.entries(decodeJwt(onBehalfOf.userToken));
    return userEntity(
      Object.fromEntries(claims.filter((claim): claim is [string, string] => typeof claim[1] === 'string')),
    );
  }
  const { arn } = callingAgent?.principal ?? {};
  if (arn === undefined) throw new Error('a call without a user token has a principal');
  return iamEntity(arn);
}

/** Returns the agent that calls, if one does, and the names of all agents in its chain, with its own. */
function agentsIn(workloadAccessToken: string): {
  readonly agent?: string;
  readonly chain: readonly string[];
} {
  const { chain = [] } = delegationOf(v.parse(ClaimsSchema, decodeJwt(workloadAccessToken)));
  const names = chain.map(({ name }) => name);
  return { ...(names[0] !== undefined && { agent: names[0] }), chain: names };
}

/** What is called: its action, and what the context says of it. */
export interface CalledAction {
  readonly id: string;
  readonly parents: readonly string[];
  readonly context: CedarRecord;
}

const SEPARATOR = '___';

export const toolAction = (
  target: string,
  { name }: Pick<McpTool, 'name'>,
  input: CedarValue,
): CalledAction => ({
  id: `${target}${SEPARATOR}${name}`,
  parents: [target, ...TOOL_PARENTS],
  context: { input },
});

/**
 * Returns the action of a request to an HTTP target. Servers decode what is percent-encoded, so the path is decoded: no
 * spelling of a path is another action.
 *
 * @param path below the target, as it is forwarded: normalized, without encoded slashes, dots, and percent signs
 * @throws ValidationException for a path that is not UTF-8
 */
export function httpAction(target: string, method: string, path: string): CalledAction {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path === '' ? '/' : path);
  } catch {
    throw invalidMember('path', 'must be UTF-8, percent-encoded');
  }
  return {
    id: `${target}${SEPARATOR}${method}:${decoded}`,
    parents: [target],
    context: { http: { method, path: decoded } },
  };
}

/** Who calls, as policies see it. */
export interface PolicySubject {
  readonly principal: Entity;
  readonly agents: { readonly agent?: string; readonly chain: readonly string[] };
}

export const subjectOf = (caller: PolicyCaller): PolicySubject => ({
  principal: principalEntity(caller),
  agents: agentsIn(caller.workloadAccessToken),
});

export function cedarRequest(
  { arn }: Pick<Gateway, 'arn'>,
  { principal, agents }: PolicySubject,
  { id, parents, context }: CalledAction,
): CedarRequest {
  const action = { type: ACTION, id };
  const resource = { type: GATEWAY, id: arn };
  return {
    principal: principal.uid,
    action,
    resource,
    context: { ...agents, ...context },
    entities: [
      principal,
      { uid: action, attrs: {}, parents: parents.map((parent) => ({ type: ACTION, id: parent })) },
      { uid: resource, attrs: {}, parents: [] },
    ],
  };
}
