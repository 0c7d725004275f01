/** KMS keys of the operator in the embedded cloud, and their states. */
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { moveClock } from './clock';

const DAYS = 7;

/** @returns its ARN */
export async function newKmsKey(kms: KMSClient): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  return KeyMetadata?.Arn ?? '';
}

export const disable = (kms: KMSClient, KeyId: string) => kms.send(new DisableKeyCommand({ KeyId }));

/** Schedules the deletion of a key; the returned function cancels it and enables the key. */
export async function scheduleDeletion(kms: KMSClient, KeyId: string): Promise<() => Promise<void>> {
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: DAYS }));
  return async () => {
    await kms.send(new CancelKeyDeletionCommand({ KeyId }));
    await kms.send(new EnableKeyCommand({ KeyId }));
  };
}

/** Deletes a key by waiting for the end of its waiting period. The clock is then at that time. */
export async function deleteKmsKey(kms: KMSClient, KeyId: string): Promise<void> {
  await scheduleDeletion(kms, KeyId);
  moveClock(DAYS * 24 * 3600 + 1);
  // The embedded KMS drops deleted keys with its next change, so that no clock brings them back.
  await newKmsKey(kms);
}
