/** KMS keys of the operator in the embedded cloud, and their states. */
import { type KMS } from '@aws-sdk/client-kms';
import { moveClock } from './clock';

const DAYS = 7;

/** @returns its ARN */
export async function newKmsKey(kms: KMS): Promise<string> {
  const { KeyMetadata } = await kms.createKey({});
  return KeyMetadata?.Arn ?? '';
}

export const disable = (kms: KMS, KeyId: string) => kms.disableKey({ KeyId });

/** Schedules the deletion of a key; the returned function cancels it and enables the key. */
export async function scheduleDeletion(kms: KMS, KeyId: string): Promise<() => Promise<void>> {
  await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: DAYS });
  return async () => {
    await kms.cancelKeyDeletion({ KeyId });
    await kms.enableKey({ KeyId });
  };
}

/** Deletes a key by waiting for the end of its waiting period. The clock is then at that time. */
export async function deleteKmsKey(kms: KMS, KeyId: string): Promise<void> {
  await scheduleDeletion(kms, KeyId);
  moveClock(DAYS * 24 * 3600 + 1);
  // The embedded KMS drops deleted keys with its next change, so that no clock brings them back.
  await newKmsKey(kms);
}
