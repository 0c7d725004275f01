/** The event of the `event-poll` function, sent by its schedule. */
import * as v from 'valibot';

export const EventPollSchema = v.object({ poll: v.literal('security-events') });

export type EventPollEvent = v.InferOutput<typeof EventPollSchema>;
