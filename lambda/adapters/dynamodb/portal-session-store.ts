/** Sessions of consent portals, and the used states of their sign-ins, in the sessions table. */
import * as v from 'valibot';
import type { PortalSession, PortalSessionStore } from '../../domain/portal/session';
import { portalSessionKey, TTL_ATTRIBUTE, usedStateKey } from '../../contract/table-keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

const PortalSessionRecord = v.object({
  hash: v.string(),
  portalId: v.string(),
  userHash: v.string(),
  issuedAt: v.number(),
  sessionHash: v.exactOptional(v.string()),
  client: v.string(),
  admittedBy: v.array(v.string()),
  expiresAt: v.number(),
}) satisfies v.GenericSchema<unknown, PortalSession>;

export const createPortalSessionStore = (sessions: Table): PortalSessionStore => ({
  consumeState: ({ stateHash, sessionHash, expiresAt }) =>
    sessions.put(usedStateKey(stateHash), versioned({ sessionHash, [TTL_ATTRIBUTE]: expiresAt }), {
      condition: `${ABSENT.condition} OR sessionHash = :sessionHash`,
      values: { ':sessionHash': sessionHash },
    }),
  get: async (hash) => parseRecord(PortalSessionRecord, await sessions.get(portalSessionKey(hash))),
  async create(session) {
    const record = versioned({ ...session, [TTL_ATTRIBUTE]: session.expiresAt });
    if (!(await sessions.put(portalSessionKey(session.hash), record, ABSENT))) {
      throw new Error('a session secret was generated twice');
    }
  },
  async remove(hash) {
    await sessions.remove(portalSessionKey(hash));
  },
});
