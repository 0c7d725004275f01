/** All callers send a request concurrently, each with its own client, and their waiting times are measured. */
import { performance } from 'node:perf_hooks';
import type {
  BedrockAgentCore,
  GetResourceOauth2TokenCommandOutput,
} from '@aws-sdk/client-bedrock-agentcore';
import type { Ask, TestAgent } from '../flows/support/world';

export interface Burst {
  readonly callers: number;
  /** Callers that got a token. */
  readonly tokens: number;
  /** The distinct tokens that were returned. */
  readonly distinct: ReadonlySet<string>;
  /** Callers that got an authorization URL instead. */
  readonly consents: number;
  /** Errors that reached callers after the retries of the SDK, with their counts. */
  readonly errors: ReadonlyMap<string, number>;
  /** Requests that the SDKs retried. */
  readonly retries: number;
  /** Waiting times in milliseconds. */
  readonly waits: readonly number[];
}

interface Reply {
  readonly answer?: GetResourceOauth2TokenCommandOutput;
  readonly error?: unknown;
  readonly waited: number;
}

/** @param token a workload access token of the agent */
export async function burst(
  agent: TestAgent,
  clients: readonly BedrockAgentCore[],
  token: string,
  ask: Ask,
): Promise<Burst> {
  const replies = await Promise.all(clients.map((client) => replyTo(agent.as(client), token, ask)));
  const answers = replies.flatMap(({ answer }) => (answer ? [answer] : []));
  const tokens = answers.flatMap(({ accessToken }) => (accessToken === undefined ? [] : [accessToken]));
  return {
    callers: replies.length,
    tokens: tokens.length,
    distinct: new Set(tokens),
    consents: answers.filter(({ authorizationUrl }) => authorizationUrl !== undefined).length,
    errors: counted(replies.flatMap(({ error }) => (error === undefined ? [] : [describe(error)]))),
    retries: replies.reduce((sum, reply) => sum + attemptsOf(reply) - 1, 0),
    waits: replies.map(({ waited }) => waited),
  };
}

async function replyTo(agent: TestAgent, token: string, ask: Ask): Promise<Reply> {
  const began = performance.now();
  try {
    return { answer: await agent.ask(token, ask), waited: performance.now() - began };
  } catch (error) {
    return { error: error ?? new Error('nothing was thrown'), waited: performance.now() - began };
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no error';

function attemptsOf({ answer, error }: Reply): number {
  const told = (answer ?? error) as { $metadata?: { attempts?: number } };
  return told.$metadata?.attempts ?? 1;
}

function counted(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
