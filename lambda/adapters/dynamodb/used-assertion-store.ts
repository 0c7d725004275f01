/** Used identity assertions in the sessions table, from which DynamoDB deletes them after they expired. */
import { hashOf } from '../../domain/digest';
import type { UsedAssertions } from '../../domain/identity/identity-assertion';
import { TTL_ATTRIBUTE, usedAssertionKey } from '../../contract/table-keys';
import { versioned } from './record';
import { ABSENT, type Table } from './table';

/** Seconds that a record outlives its assertion, so that no function's clock can still accept the assertion. */
const MARGIN = 300;

export const createUsedAssertionStore = (sessions: Table): UsedAssertions => ({
  add({ id, user: { issuer }, expiresAt }) {
    // A jti is unique for its issuer only (RFC 7519 section 4.1.7).
    const key = usedAssertionKey(hashOf(JSON.stringify([issuer, id])));
    return sessions.put(key, versioned({ [TTL_ATTRIBUTE]: Math.ceil(expiresAt) + MARGIN }), ABSENT);
  },
});
