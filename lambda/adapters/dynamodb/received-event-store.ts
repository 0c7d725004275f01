/** Received security events in the sessions table, from which DynamoDB deletes them after a while. */
import { hashOf } from '../../domain/digest';
import type { ReceivedEvent, ReceivedEventStore } from '../../domain/security-event/receive-set';
import { epochSeconds, type System } from '../../domain/system';
import { receivedEventKey, TTL_ATTRIBUTE } from '../../contract/table-keys';
import { versioned } from './record';
import type { Table } from './table';

/**
 * Seconds that an event is remembered. Keycloak repeats an event for up to 48 hours. For a later repetition, the time of
 * the event decides: it never lifts a suspension, but it can impose one again that a report about another subject followed.
 */
const REMEMBERED = 7 * 24 * 3600;

const keyOf = ({ issuerId, jti }: ReceivedEvent) => receivedEventKey(issuerId, hashOf(jti));

export const createReceivedEventStore = (
  sessions: Table,
  system: Pick<System, 'now'>,
): ReceivedEventStore => ({
  has: async (event) => (await sessions.get(keyOf(event))) !== undefined,
  async add(event) {
    await sessions.put(keyOf(event), versioned({ [TTL_ATTRIBUTE]: epochSeconds(system) + REMEMBERED }));
  },
});
