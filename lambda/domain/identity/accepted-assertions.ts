/**
 * Which identity assertions a trusted issuer's entry accepts as user tokens, as the deployment states it. What an entry
 * leaves out is not accepted.
 */
import * as v from 'valibot';
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

export const IdentityAssertionsSchema = v.strictObject({
  audience: value,
  clients: v.pipe(
    v.array(
      v.strictObject({
        clientId: value,
        workloadIdentities,
        resources: v.exactOptional(values),
        scopes: v.exactOptional(values),
      }),
    ),
    v.minLength(1),
    v.maxLength(MAX_CLIENTS),
    v.check(
      (clients) => new Set(clients.map(({ clientId }) => clientId)).size === clients.length,
      'must name each clientId once',
    ),
  ),
});

/** A client of assertions: the agents that the identity provider knows by this ID. */
export interface AssertionClient {
  /** `client_id` of the assertions. */
  readonly clientId: string;
  /** The names of the workload identities that can use them. */
  readonly workloadIdentities: readonly string[];
  /** What `resource` can name. Undefined: assertions that name a resource are rejected. */
  readonly resources?: readonly string[] | undefined;
  /** What `scope` can name, and must name one of. Undefined: assertions with a scope are rejected. */
  readonly scopes?: readonly string[] | undefined;
}

/** Which identity assertions of a trusted issuer the deployment accepts as user tokens. */
export interface IdentityAssertions {
  /** The identifier of this service at the issuer: the only `aud` of the assertions. */
  readonly audience: string;
  readonly clients: readonly AssertionClient[];
}
