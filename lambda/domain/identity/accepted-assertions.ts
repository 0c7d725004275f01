/**
 * Which identity assertions a trusted issuer's entry accepts as user tokens, as the deployment states it. What an entry
 * leaves out is not accepted.
 */
import * as v from 'valibot';
import type { Of } from '../../model/of';
import { WORKLOAD_NAME } from '../../model/workload-name';

const MAX_CLIENTS = 50;
const MAX_VALUES = 50;

const value = v.pipe(v.string(), v.minLength(1), v.maxLength(512));
const values = v.pipe(v.array(value), v.minLength(1), v.maxLength(MAX_VALUES));
const workloadIdentities = v.pipe(
  v.array(v.pipe(v.string(), v.regex(WORKLOAD_NAME, 'must be the name of a workload identity'))),
  v.minLength(1),
  v.maxLength(MAX_VALUES),
);

/** A client of assertions: the agents that the identity provider knows by this ID. */
const AssertionClientSchema = v.strictObject({
  /** `client_id` of the assertions. */
  clientId: value,
  /** The names of the workload identities that can use them. */
  workloadIdentities,
  /** What `resource` can name. Absent: assertions that name a resource are rejected. */
  resources: v.exactOptional(values),
  /** What `scope` can name, and must name one of. Absent: assertions with a scope are rejected. */
  scopes: v.exactOptional(values),
});

export interface AssertionClient extends Of<typeof AssertionClientSchema> {}

export const IdentityAssertionsSchema = v.strictObject({
  /** The identifier of this service at the issuer: the only `aud` of the assertions. */
  audience: value,
  clients: v.pipe(
    v.array(AssertionClientSchema),
    v.minLength(1),
    v.maxLength(MAX_CLIENTS),
    v.check(
      (clients) => new Set(clients.map(({ clientId }) => clientId)).size === clients.length,
      'must name each clientId once',
    ),
  ),
});

/** Which identity assertions of a trusted issuer the deployment accepts as user tokens. */
export interface IdentityAssertions extends Of<typeof IdentityAssertionsSchema> {}
