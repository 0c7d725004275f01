/** The contract between the example application and its agents: the request payload and the response events. */
import * as v from 'valibot';

/** The payload of an invocation, as JSON. */
export const AskSchema = v.object({
  question: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(500)),
  /** Returned to the return URL as `state`, by which the application finds the browser session. */
  state: v.pipe(v.string(), v.maxLength(4096)),
});

export type Ask = v.InferOutput<typeof AskSchema>;

export const EventSchema = v.object({
  title: v.string(),
  location: v.string(),
  start: v.pipe(v.string(), v.isoTimestamp()),
  end: v.pipe(v.string(), v.isoTimestamp()),
});

export type Event = v.InferOutput<typeof EventSchema>;

/** Seconds without data after which the agent sends an event, before the gate's invocation timeout. */
export const LONGEST_SILENCE = 60;

/** One server-sent event of an answer. After `consent` the agent waits; `events` and `failed` are the last. */
export const AgentEventSchema = v.variant('kind', [
  v.object({ kind: v.literal('waiting') }),
  v.object({ kind: v.literal('progress'), text: v.pipe(v.string(), v.maxLength(200)) }),
  v.object({ kind: v.literal('consent'), authorizationUrl: v.pipe(v.string(), v.url()) }),
  v.object({ kind: v.literal('events'), events: v.array(EventSchema) }),
  v.object({ kind: v.literal('failed'), reason: v.string() }),
]);

export type AgentEvent = v.InferOutput<typeof AgentEventSchema>;
