/**
 * KMS of the embedded cloud: what the service uses of it, over KMS's own protocol (AWS JSON 1.1,
 * `X-Amz-Target: TrentService.{Operation}`), so that the real client works against it.
 */
import { startAwsJson, type LocalAwsJson } from './aws-json';
import type { EmulatorCredentials } from './emulator-access';
import { arnOf, type KmsKey } from './kms-key';
import { loadKmsKeyRing } from './kms-key-ring';
import { KMS_OPERATIONS } from './kms-operations';

const MAX_REQUEST_BYTES = 64 * 1024;

export interface LocalKms extends LocalAwsJson {
  /** ARN of the key that the service is deployed with. */
  readonly keyArn: string;
  /** The key itself: for what AWS's services seal without being asked, with no permission of the caller's. */
  readonly key: KmsKey;
}

/**
 * @param keyFile where the keys are kept; made when absent, readable for its owner only
 * @param credentials what clients must present
 * @throws StartError when the keys' file is damaged
 */
export async function startKms(keyFile: string, credentials: EmulatorCredentials): Promise<LocalKms> {
  const keys = await loadKmsKeyRing(keyFile);
  const operations = new Map(
    [...KMS_OPERATIONS].map(([target, operation]) => [target, (input: unknown) => operation(keys, input)]),
  );
  // As in AWS's model, where an unexpected failure is KMSInternalException and says nothing else.
  const service = { operations, internalError: 'KMSInternalException', mostBytes: MAX_REQUEST_BYTES };
  return { ...(await startAwsJson(service, credentials)), keyArn: arnOf(keys.root), key: keys.root };
}
