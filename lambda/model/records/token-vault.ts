/** The token vault, which names the KMS key for vault keys. */
import * as v from 'valibot';
import type { Of } from '../of';

export const TokenVaultSchema = v.object({
  /** ARN of the customer managed key; absent for the deployment's own. */
  kmsKeyArn: v.exactOptional(v.string()),
  /** Number of moves. */
  revision: v.number(),
  /** Epoch seconds. */
  lastModifiedDate: v.number(),
  /**
   * The deleted KMS keys from which ResetTokenVaultKeyMaterial moved the token vault; absent without a reset. A reset gives
   * up every vault key that the KMS key wrapped for an earlier revision of the token vault than the one that it wrote.
   */
  resets: v.exactOptional(v.array(v.object({ kmsKeyArn: v.string(), revision: v.number() }))),
});

export interface TokenVault extends Of<typeof TokenVaultSchema> {}
