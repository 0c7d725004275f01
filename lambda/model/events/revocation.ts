/**
 * The calls of the `revocation` function. They contain no plain token and no secret: the tokens of an `enqueue` are
 * encrypted as in their grant, and that of an `enqueueClient` as in its provider.
 */
import * as v from 'valibot';
import type { Of } from '../of';
import { GrantIdSchema, GrantTokensSchema } from '../records/grant';
import { CLIENT_DELETION_CAUSES, ENQUEUE_CAUSES, type RevocationReach } from '../records/revocation-outbox';
import type { Callee, EventOf } from './calls';

const TokensToRevokeSchema = v.object({
  grantId: GrantIdSchema,
  workloadArn: v.string(),
  provider: v.object({ name: v.string(), id: v.string() }),
  /**
   * The tokens as a grant has them. `sealed` is different for each set of tokens, so it identifies a request that is sent
   * twice. `client` is the binding with which `sealed` is opened, even if the provider was reconfigured since.
   */
  tokens: GrantTokensSchema,
  cause: v.picklist(ENQUEUE_CAUSES),
});

/** Tokens that are in no grant. */
export interface TokensToRevoke extends Of<typeof TokensToRevokeSchema> {}

const ClientDeletionSchema = v.object({
  provider: v.object({ name: v.string(), id: v.string(), arn: v.string() }),
  clientUri: v.string(),
  /** JWE of the registration access token. */
  sealedToken: v.string(),
  /** Hash of the client's ID at its server. */
  clientHash: v.string(),
  cause: v.picklist(CLIENT_DELETION_CAUSES),
});

/** A client that must be deleted. */
export interface ClientDeletion extends Of<typeof ClientDeletionSchema> {}

export const REVOCATION_CALLS = {
  /** Continues the selection of a revocation that is stored. */
  select: v.object({ revocationId: v.pipe(v.string(), v.uuid()) }),
  enqueue: TokensToRevokeSchema,
  enqueueClient: ClientDeletionSchema,
  /** Sent by the schedule: continues everything that is due. */
  sweep: v.literal(true),
};

/** How far a selection is. */
export interface SelectionProgress {
  readonly finished: boolean;
  /** Grants that were revoked so far. */
  readonly matched: number;
  /** What else their providers might end: the widest reach. */
  readonly reach?: RevocationReach;
}

export type RevocationCallee = Callee<typeof REVOCATION_CALLS, { readonly select: SelectionProgress }>;

export type RevocationEvent = EventOf<typeof REVOCATION_CALLS>;
