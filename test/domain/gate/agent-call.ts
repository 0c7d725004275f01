/** Calls of an agent's endpoint, whose dependencies record how they are called. */
import type { AuditEntry } from '../../../lambda/domain/audit';
import type { AgentEndpointConfiguration } from '../../../lambda/domain/gate/agent-endpoint';
import type { StreamedResponse } from '../../../lambda/domain/streamed-exchange';
import { type AgentRequest } from '../../../lambda/domain/gate/agent-request';
import { invokeAgent, type AgentCall } from '../../../lambda/domain/gate/invoke';
import type { TrustsIssuers } from '../../../lambda/domain/identity/user-token';
import { ServiceError } from '../../../lambda/domain/service-error';
import type { OnBehalfOf } from '../../../lambda/domain/workload-token/on-behalf-of';
import { createFakeSystem } from '../fake-system';
import { APPLICATION, ARN, BY_IAM, BY_JWT, ISSUER } from './endpoints';

export const ANA = { kind: 'jwt', issuer: ISSUER, subject: 'ana' } as const;
export const TOKEN = 'aaaa.bbbb.cccc';
export const SESSION = 'session-of-thirty-three-characters';
export const CALLER = 'arn:aws:sts::123456789012:assumed-role/application/session';

export const named = { ...BY_IAM, userIdPrincipals: [APPLICATION] };
export const scoped = { ...BY_JWT, allowedScopes: ['invoke'] };

/** The headers of an invocation, each name with one line or several. */
export const headers = (lines: Record<string, string | string[]>) =>
  new Map(Object.entries(lines).map(([name, value]) => [name.toLowerCase(), [value].flat()]));

export async function* body(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
}

/** The dependencies of an endpoint, which record how they are called. */
export function depsOf({
  scopes = ['invoke'],
  answer,
}: { scopes?: string[]; answer?: Partial<StreamedResponse> } = {}) {
  const entries: AuditEntry[] = [];
  const issued: { workloadName: string; onBehalfOf: OnBehalfOf }[] = [];
  const requests: AgentRequest[] = [];
  const trusted: TrustsIssuers[] = [];
  return {
    entries,
    issued,
    requests,
    trusted,
    audit: { record: (entry: AuditEntry) => void entries.push(entry) },
    system: createFakeSystem(),
    userTokens: {
      verify(token: string, trusts: TrustsIssuers) {
        trusted.push(trusts);
        return token === TOKEN
          ? Promise.resolve({ user: ANA, issuedAt: 0, expiresAt: Infinity, scopes })
          : Promise.reject(
              new ServiceError('UnauthorizedException', 'no', { detail: 'user token: signature' }),
            );
      },
    },
    workloadTokens: {
      request(workloadName: string, onBehalfOf: OnBehalfOf) {
        issued.push({ workloadName, onBehalfOf });
        return Promise.resolve('the-workload-access-token');
      },
    },
    agent: {
      invoke(request: AgentRequest): Promise<StreamedResponse> {
        requests.push(request);
        return Promise.resolve({
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: body('{}'),
          ...answer,
        });
      },
    },
  };
}

export const callOf = (change: Partial<AgentCall> = {}): AgentCall => ({
  callerArn: CALLER,
  addressee: { path: `${ARN}/invocations`, qualifier: [], accountId: [] },
  headers: headers({ 'content-type': 'application/json' }),
  method: 'POST',
  payload: Buffer.from('{"prompt":"hello"}'),
  requestId: 'request-1',
  ...change,
});

export const userCall = (lines: Record<string, string | string[]> = {}) =>
  callOf({ callerArn: null, headers: headers({ authorization: `Bearer ${TOKEN}`, ...lines }) });

export const never = new AbortController().signal;

export const invoke = (
  endpoint: AgentEndpointConfiguration,
  call: AgentCall,
  deps: ReturnType<typeof depsOf> = depsOf(),
) => invokeAgent(deps, endpoint, call, never);

/** Expects that the invocation is rejected, that no token is issued, and that the agent is not invoked. */
export async function refused(
  endpoint: AgentEndpointConfiguration,
  call: AgentCall,
): Promise<AuditEntry | undefined> {
  const deps = depsOf();
  const error = await invoke(endpoint, call, deps).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ServiceError);
  expect([deps.issued, deps.requests]).toEqual([[], []]);
  expect(deps.entries).toHaveLength(1);
  return deps.entries[0];
}
