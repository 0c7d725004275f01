/**
 * Restrictions in the directory table. The schemas are strict, because parsing must not drop a restriction that a later
 * release wrote: a record with a member that this code does not know cannot be read, and the requests that need it fail.
 */
import * as v from 'valibot';
import { agentRestrictionKey, userRestrictionKey, type Key } from '../../contract/table-keys';
import type {
  AgentRestriction,
  Restriction,
  RestrictionStore,
  UserRestriction,
} from '../../domain/restriction/restriction';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

const MEMBERS = {
  suspendedByOperator: v.exactOptional(
    v.strictObject({ since: v.number(), by: v.string(), reason: v.exactOptional(v.string()) }),
  ),
  revision: v.number(),
};

export const AccountAtIssuerMember = v.strictObject({
  state: v.picklist(['ENABLED', 'DISABLED', 'PURGED']),
  eventTime: v.number(),
  since: v.number(),
  trustedIssuer: v.exactOptional(v.string()),
  emailHash: v.exactOptional(v.string()),
});

/** The members of the restriction of a user. */
export const USER_MEMBERS = {
  ...MEMBERS,
  userHash: v.string(),
  accountAtIssuer: v.exactOptional(AccountAtIssuerMember),
  endedBefore: v.exactOptional(v.number()),
  endedSessions: v.exactOptional(v.record(v.string(), v.number())),
};

const AgentRecord = v.strictObject({ ...MEMBERS, name: v.string() });
const UserRecord = v.strictObject(USER_MEMBERS);

/** @throws Error for a record that is malformed, or of a later version */
export const parseAgentRestriction = (item: unknown): AgentRestriction | undefined =>
  parseRecord(AgentRecord, item);

/** @throws Error for a record that is malformed, or of a later version */
export const parseUserRestriction = (item: unknown): UserRestriction | undefined =>
  parseRecord(UserRecord, item);

export function createRestrictionStore(directory: Table): RestrictionStore {
  const put = (key: Key, restriction: Restriction): Promise<boolean> =>
    directory.put(
      key,
      versioned(restriction),
      restriction.revision === 1
        ? ABSENT
        : { condition: 'revision = :before', values: { ':before': restriction.revision - 1 } },
    );
  return {
    ofAgent: async (name) => parseAgentRestriction(await directory.get(agentRestrictionKey(name))),
    ofUser: async (userHash) => parseUserRestriction(await directory.get(userRestrictionKey(userHash))),
    putAgent: (restriction) => put(agentRestrictionKey(restriction.name), restriction),
    putUser: (restriction) => put(userRestrictionKey(restriction.userHash), restriction),
  };
}
