/**
 * Events and results of the `revocation` function. lambda/adapters/lambda/invoke.ts says how they can change between
 * versions. They contain no plain token and no secret: the tokens of an `enqueue` are encrypted as in their grant, and that
 * of an `enqueueClient` as in its provider.
 */
import * as v from 'valibot';
import { GrantIdSchema, GrantTokensSchema } from '../model/records/grant';
import type { Of } from '../model/of';
import type { TokensToRevoke } from '../domain/grant/revocation-queue';
import { CLIENT_DELETION_CAUSES, ENQUEUE_CAUSES } from '../model/records/revocation';
import type { ClientDeletion } from '../domain/provider/client-deletion';

const TokensToRevokeSchema = v.object({
  grantId: GrantIdSchema,
  workloadArn: v.string(),
  provider: v.object({ name: v.string(), id: v.string() }),
  tokens: GrantTokensSchema,
  cause: v.picklist(ENQUEUE_CAUSES),
}) satisfies v.GenericSchema<unknown, TokensToRevoke>;

const ClientDeletionSchema = v.object({
  provider: v.object({ name: v.string(), id: v.string(), arn: v.string() }),
  clientUri: v.string(),
  sealedToken: v.string(),
  clientHash: v.string(),
  cause: v.picklist(CLIENT_DELETION_CAUSES),
}) satisfies v.GenericSchema<unknown, ClientDeletion>;

/** The event of an invocation, which requests one action. */
export const RevocationEventSchema = v.union([
  /** Continues the selection of a revocation that is stored. */
  v.object({ select: v.object({ revocationId: v.pipe(v.string(), v.uuid()) }) }),
  v.object({ enqueue: TokensToRevokeSchema }),
  v.object({ enqueueClient: ClientDeletionSchema }),
  /** Sent by the schedule: continues everything that is due. */
  v.object({ sweep: v.literal(true) }),
]);

export type RevocationEvent = Of<typeof RevocationEventSchema>;

/** How far a selection is. The other events have no result. */
export type { SelectionProgress } from '../domain/revocation/worker';
