/** The contract between the example application and its agents: what is posted, and the events that come back. */
import * as v from 'valibot';

/** The payload of an invocation, as JSON. */
export const AskSchema = v.object({
  question: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(500)),
  /** Comes back to the return URL as `state`: the application knows its own browser session by it. */
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

/** Seconds of silence after which an agent says that it is still there, or the gate takes its run to be over. */
export const LONGEST_SILENCE = 60;

/** One server-sent event of an answer. After `consent` the agent waits; `events` and `failed` are the last. */
export const NewsSchema = v.variant('kind', [
  v.object({ kind: v.literal('waiting') }),
  v.object({ kind: v.literal('progress'), text: v.pipe(v.string(), v.maxLength(200)) }),
  v.object({ kind: v.literal('consent'), authorizationUrl: v.pipe(v.string(), v.url()) }),
  v.object({ kind: v.literal('events'), events: v.array(EventSchema) }),
  v.object({ kind: v.literal('failed'), reason: v.string() }),
]);

export type News = v.InferOutput<typeof NewsSchema>;
