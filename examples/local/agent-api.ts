/** The contract between the example application and its agent: what is posted to `/ask`, and the answers. */
import * as v from 'valibot';

export const AskSchema = v.object({
  question: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(500)),
  /** Where the application takes people back after they have consented. */
  returnUrl: v.pipe(v.string(), v.url()),
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

export const AnswerSchema = v.variant('kind', [
  v.object({ kind: v.literal('events'), events: v.array(EventSchema) }),
  v.object({
    kind: v.literal('consent'),
    authorizationUrl: v.pipe(v.string(), v.url()),
    sessionUri: v.string(),
  }),
  /** The user's token was not accepted. */
  v.object({ kind: v.literal('sign-in') }),
  v.object({ kind: v.literal('failed'), reason: v.string() }),
]);

export type Answer = v.InferOutput<typeof AnswerSchema>;
