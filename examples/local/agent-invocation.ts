/** Invokes an agent through its gate, as InvokeAgentRuntime of AWS does, with the user's token. */
import * as v from 'valibot';
import { AgentEventSchema, type Ask, type AgentEvent } from './agent-api';
import { readEvents, type ServerSentEvent } from './server-sent-events';

/** An agent as the application knows it. */
export interface ExampleAgent {
  /** Identifies the agent in forms. */
  readonly id: string;
  readonly name: string;
  /** Description for the form where users choose an agent. */
  readonly note: string;
  /** The agent's URL at its gate. */
  readonly invocationUrl: string;
}

export interface Invocation {
  readonly agent: ExampleAgent;
  readonly userToken: string;
  /** 33 to 256 characters, the same for all questions of one browser session. */
  readonly sessionId: string;
  readonly ask: Ask;
}

/** An event for the application: one from the agent, or `sign-in` when the gate rejects the user's token. */
export type InvocationEvent = Exclude<AgentEvent, { kind: 'waiting' }> | { readonly kind: 'sign-in' };

/** The gate's errors have the AWS format, whose messages people can read too. */
const ErrorSchema = v.object({ message: v.string() });

/** The event with which the gate, or an AWS SDK in an agent, ends a stream after an error. */
const StreamErrorSchema = v.union([
  v.pipe(
    v.object({ error: v.string() }),
    v.transform(({ error }) => ({ message: error })),
  ),
  ErrorSchema,
]);

const failed = (reason: string): InvocationEvent => ({ kind: 'failed', reason });

/**
 * Invokes the agent and yields its events as they arrive.
 *
 * @param signal ends the agent's work when aborted.
 * @throws the fetch error when the gate cannot be reached or disconnects.
 */
export async function* invokeAgent(
  invocation: Invocation,
  signal: AbortSignal,
): AsyncGenerator<InvocationEvent> {
  const { agent, userToken, sessionId, ask } = invocation;
  const response = await fetch(agent.invocationUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${userToken}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'x-amzn-bedrock-agentcore-runtime-session-id': sessionId,
    },
    body: JSON.stringify(ask),
    signal,
  });
  if (response.status === 401) {
    await response.body?.cancel();
    yield { kind: 'sign-in' };
  } else if (!response.ok || response.body === null) {
    const error = v.safeParse(ErrorSchema, await response.json().catch(() => undefined));
    yield failed(
      error.success
        ? error.output.message
        : `The agent's gate returned status ${response.status}. Please try again in a moment.`,
    );
  } else {
    let last: InvocationEvent['kind'] = 'progress';
    for await (const event of readEvents(response.body)) {
      const news = eventOf(event);
      if (news.kind === 'waiting') continue;
      last = news.kind;
      yield news;
    }
    if (last === 'progress') yield failed('The agent ended without an answer. Please try again.');
  }
}

function eventOf({ type, data }: ServerSentEvent): AgentEvent | InvocationEvent {
  const content = parseJson(data);
  const news = v.safeParse(AgentEventSchema, content);
  if (type === 'message' && news.success) return news.output;
  const error = v.safeParse(StreamErrorSchema, content);
  return failed(
    error.success
      ? error.output.message
      : 'The agent sent a response that could not be read. Please try again.',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
