/**
 * Events and results of the `revocation` function, parsed at both ends. They contain no plain token and no secret: the
 * tokens of an `enqueue` are encrypted as in their grant, and that of an `enqueueClient` as in its provider.
 */
import * as v from 'valibot';
import { ENQUEUE_CAUSES, type TokensToRevoke } from '../domain/grant/revocation-queue';
import { CLIENT_DELETION_CAUSES, type ClientDeletion } from '../domain/provider/client-deletion';
import { REVOCATION_REACHES } from '../domain/provider/revocation-reach';

const strings = v.pipe(v.array(v.string()), v.readonly());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const TokensToRevokeSchema = v.strictObject({
  grantId: v.strictObject({ workloadId: v.string(), userHash: v.string(), target: v.string() }),
  workloadArn: v.string(),
  provider: v.strictObject({ name: v.string(), id: v.string() }),
  tokens: v.strictObject({
    sealed: v.string(),
    scopes: strings,
    requestedScopes: strings,
    parameterScopes: v.exactOptional(strings),
    expiresAt: v.exactOptional(v.number()),
    obtainedAt: v.number(),
    refreshable: v.boolean(),
    refreshExpiresAt: v.exactOptional(v.number()),
    client: v.string(),
  }),
  cause: v.picklist(ENQUEUE_CAUSES),
}) satisfies v.GenericSchema<unknown, TokensToRevoke>;

const ClientDeletionSchema = v.strictObject({
  provider: v.strictObject({ name: v.string(), id: v.string(), arn: v.string() }),
  clientUri: v.string(),
  sealedToken: v.string(),
  clientHash: v.string(),
  cause: v.picklist(CLIENT_DELETION_CAUSES),
}) satisfies v.GenericSchema<unknown, ClientDeletion>;

/** The event of an invocation, which requests one action. */
export const RevocationEventSchema = v.union([
  /** Continues the selection of a revocation that is stored. */
  v.strictObject({ select: v.strictObject({ revocationId: v.pipe(v.string(), v.uuid()) }) }),
  v.strictObject({ enqueue: TokensToRevokeSchema }),
  v.strictObject({ enqueueClient: ClientDeletionSchema }),
  /** Sent by the schedule: continues everything that is due. */
  v.strictObject({ sweep: v.literal(true) }),
]);

export type RevocationEvent = v.InferOutput<typeof RevocationEventSchema>;

/** How far a selection is. */
export const SelectionSchema = v.strictObject({
  /** Whether every grant was selected, and returns no token any more. */
  finished: v.boolean(),
  /** Grants that were revoked so far. */
  matched: count,
  /** What else their providers might end: the widest reach. */
  reach: v.exactOptional(v.picklist(REVOCATION_REACHES)),
});

export type Selection = v.InferOutput<typeof SelectionSchema>;
