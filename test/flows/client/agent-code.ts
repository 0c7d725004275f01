/** Agents and applications that use the client library, and a clock that does not wait. */
import { createIdentityClient, type AccessTokenOptions, type Clock } from '../../../lib/client/index';
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { hideDate, RETURN_URL, type PrincipalName, type TestAgent, type World } from '../support/world';

/** A clock that advances only by waiting. The n-th wait runs the n-th of these events. */
export class ScriptedClock implements Clock {
  /** Duration of each wait, in milliseconds. */
  readonly pauses: number[] = [];
  private time = 0;

  constructor(private readonly happenings: readonly (() => unknown)[] = []) {}

  now(): number {
    return this.time;
  }

  async wait(milliseconds: number): Promise<void> {
    await this.happenings[this.pauses.length]?.();
    this.pauses.push(milliseconds);
    this.time += milliseconds;
  }
}

/** The library's client for one of the local principals, created as an agent creates it. */
export function identityClient(world: World, principal: PrincipalName = 'agent'): BedrockAgentCoreClient {
  const { endpoint, region, principals } = world.local;
  const client = createIdentityClient({ endpoint, region, credentials: principals[principal] });
  client.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
  return client;
}

/** For the agent's own provider, on behalf of a user. */
export const federated = (
  world: World,
  agent: TestAgent,
): Omit<AccessTokenOptions, 'workloadIdentityToken'> => ({
  identity: identityClient(world),
  providerName: agent.providerName,
  scopes: ['openid', 'a'],
  authFlow: 'USER_FEDERATION',
  callbackUrl: RETURN_URL,
});
