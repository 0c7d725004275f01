/** How the application asks an agent: through its gate, as AWS's InvokeAgentRuntime, with the user's own token. */
import * as v from 'valibot';
import { NewsSchema, type Ask, type News } from './agent-api';
import { readEvents, type ServerSentEvent } from './server-sent-events';

/** An agent as the application knows it. */
export interface ExampleAgent {
  /** Tells the agents apart in forms. */
  readonly id: string;
  readonly name: string;
  /** What is told of it where people choose. */
  readonly note: string;
  /** The gate's address for it. */
  readonly invocationUrl: string;
}

export interface Invocation {
  readonly agent: ExampleAgent;
  readonly userToken: string;
  /** 33 to 256 characters, the same for everything that one browser session asks. */
  readonly sessionId: string;
  readonly ask: Ask;
}

/** What the application hears: the agent's news, or that the gate does not take the user's token. */
export type Heard = Exclude<News, { kind: 'waiting' }> | { readonly kind: 'sign-in' };

/** The gate's errors have AWS's form, which is meant for people too. */
const ErrorSchema = v.object({ message: v.string() });

/** How AWS's SDKs in an agent, and the gate, say in a stream that it ends in an error. */
const StreamErrorSchema = v.union([
  v.pipe(
    v.object({ error: v.string() }),
    v.transform(({ error }) => ({ message: error })),
  ),
  ErrorSchema,
]);

const failed = (reason: string): Heard => ({ kind: 'failed', reason });

/**
 * Asks the agent and yields what it tells, as it tells it.
 *
 * @param signal ends the agent's work when aborted.
 * @throws the fetch error when the gate cannot be reached or breaks off.
 */
export async function* invokeAgent(invocation: Invocation, signal: AbortSignal): AsyncGenerator<Heard> {
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
    yield failed(error.success ? error.output.message : `The agent's gate answered ${response.status}.`);
  } else {
    let last: Heard['kind'] = 'progress';
    for await (const event of readEvents(response.body)) {
      const news = newsOf(event);
      if (news.kind === 'waiting') continue;
      last = news.kind;
      yield news;
    }
    if (last === 'progress') yield failed('The agent ended without an answer.');
  }
}

function newsOf({ type, data }: ServerSentEvent): News | Heard {
  const content = parseJson(data);
  const news = v.safeParse(NewsSchema, content);
  if (type === 'message' && news.success) return news.output;
  const error = v.safeParse(StreamErrorSchema, content);
  return failed(error.success ? error.output.message : 'The agent said something that was not understood.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
