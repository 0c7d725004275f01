/** Vault keys. */
import * as v from 'valibot';
import type { Of } from '../of';
import { SEALING_PURPOSES } from '../sealing-purpose';

export const VaultKeySchema = v.object({
  purpose: v.picklist(SEALING_PURPOSES),
  ownerId: v.string(),
  /** Part of the encryption context. */
  ownerArn: v.string(),
  version: v.string(),
  /** The wrapped data key, base64. */
  wrapped: v.string(),
  /** ARN of the KMS key that wrapped it. */
  kmsKeyArn: v.string(),
  /** Revision of the token vault that had this KMS key. */
  vaultRevision: v.number(),
});

export interface VaultKeyRecord extends Of<typeof VaultKeySchema> {}
