/** The request that the options of `agent-identity gateway policy test` describe. The gateway accepts no other one. */
import * as v from 'valibot';
import { INVOCATIONS } from '../../../../../lambda/domain/gate/gate-routes';
import { acceptedTools } from '../../../../../lambda/domain/gateway/manage/target-tools';
import type { DecidedRequest } from '../../../../../lambda/domain/gateway/policy-decision';
import {
  httpAction,
  iamEntity,
  userEntity,
  type PolicySubject,
} from '../../../../../lambda/domain/gateway/policy-request';
import type { ForwardedMethod } from '../../../../../lambda/domain/gateway/routes';
import { endpointOf } from '../../../../../lambda/domain/gateway/target';
import { targetUrl } from '../../../../../lambda/domain/gateway/target-url';
import { principalOf } from '../../../../../lambda/domain/principal';
import { ServiceError } from '../../../../../lambda/domain/service-error';
import type { McpTool } from '../../../../../lambda/model/gateway/mcp-tools';
import { principalArn } from '../../../../../lambda/model/request-values';
import { usageError } from '../../../failure';
import { notFound } from '../../../not-found';
import type { Gateway } from '../gateways';
import type { Target } from '../target/targets';

export interface CallerFlags {
  readonly user?: string;
  readonly claim?: readonly string[];
  readonly principal?: string;
  readonly agent?: readonly string[];
}

export interface CallFlags {
  readonly tool?: string;
  readonly arguments?: string;
  readonly method?: ForwardedMethod;
  readonly path?: string;
}

/** @throws CliError */
function claimsIn(claim: readonly string[]): Record<string, string> {
  const claims = new Map<string, string>();
  for (const text of claim) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw usageError('--claim must be a name and a value, such as email=ana@example.org.');
    }
    if (name === 'sub') throw usageError('Set the claim sub with --user.');
    if (claims.has(name)) throw usageError('Set --claim once for each name.');
    claims.set(name, value);
  }
  return Object.fromEntries(claims);
}

/** Returns the ARN as the service records it, without the path of a role. @throws CliError */
function principalIn(text: string): string {
  const arn = text.replace(/(:role\/).*\//, '$1');
  if (v.is(principalArn, arn)) return arn;
  try {
    return principalOf(arn);
  } catch {
    throw usageError(
      '--principal must be the ARN of an IAM role, of a session of a role, or of an IAM user.',
    );
  }
}

/** @throws CliError for options that do not describe a caller of the gateway */
export function subjectOf(
  { user, claim, principal, agent = [] }: CallerFlags,
  { authorizerType }: Pick<Gateway, 'authorizerType'>,
): PolicySubject {
  const [first] = agent;
  const agents = { ...(first !== undefined && { agent: first }), chain: agent };
  if (authorizerType === 'CUSTOM_JWT') {
    if (user === undefined || principal !== undefined) {
      throw usageError(
        'The gateway authenticates its callers by a user token.',
        'Set --user, without --principal.',
      );
    }
    return { principal: userEntity({ ...claimsIn(claim ?? []), sub: user }), agents };
  }
  if (principal === undefined || first === undefined || user !== undefined || claim !== undefined) {
    throw usageError(
      'The callers of the gateway are agents, which sign their requests (IAM).',
      'Set --principal and --agent, without --user and --claim.',
    );
  }
  return { principal: iamEntity(principalIn(principal)), agents };
}

/** @throws CliError for a tool that the target does not have */
function toolOf(target: Target, tool: string, gateway: Pick<Gateway, 'name'>): McpTool {
  const tools = acceptedTools(target);
  const found = tools.find((one) => one.name === tool);
  if (found) return found;
  throw notFound(`The target "${target.name}" has no tool`, tool, {
    names: tools.map((one) => one.name),
    list: `gateway target get ${target.name} --gateway ${gateway.name}`,
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw usageError('--arguments must be JSON.');
  }
}

/** @throws CliError for a path that the gateway rejects */
function checkPath(target: Target, method: string, path: string): void {
  if (!/^(\/|$)/.test(path)) throw usageError('--path must begin with a slash.');
  if (/[?#]/.test(path)) throw usageError('--path must have no query. Policies do not see it.');
  try {
    targetUrl(endpointOf(target), path);
    httpAction(target.name, method, path);
  } catch (error) {
    const [field] = error instanceof ServiceError ? (error.fieldList ?? []) : [];
    if (!field) throw error;
    throw usageError(`--path ${field.message}.`, 'The gateway rejects another path.');
  }
}

/** @throws CliError for options that do not describe a request to the target */
export function calledBy(
  { tool, arguments: stated, method, path }: CallFlags,
  target: Target,
  gateway: Pick<Gateway, 'name'>,
): Pick<DecidedRequest, 'method' | 'path' | 'call'> {
  const { http, mcp } = target.targetConfiguration;
  const isHttp = method !== undefined || path !== undefined;
  const isTool = tool !== undefined || stated !== undefined;
  if (mcp) {
    if (tool === undefined || isHttp) {
      throw usageError('The target is an MCP server.', 'Set --tool, without --method and --path.');
    }
    const text = stated ?? '{}';
    const call = { tool: toolOf(target, tool, gateway), arguments: jsonOf(text), payload: Buffer.from(text) };
    return { method: 'POST', path: '', call };
  }
  if (http?.agentcoreRuntime) {
    if (!isHttp && !isTool) return { method: 'POST', path: INVOCATIONS };
    throw usageError(
      `The target is an agent, whose one action is POST:${INVOCATIONS}.`,
      'Omit --method, --path, --tool, and --arguments.',
    );
  }
  if (isTool) {
    throw usageError(
      'The target is not an MCP server.',
      'Set --method and --path, without --tool and --arguments.',
    );
  }
  const request = { method: method ?? 'GET', path: path ?? '' };
  checkPath(target, request.method, request.path);
  return request;
}
