/**
 * KMS of the embedded cloud: what the service uses of it, and what its operator and the owners of signing keys do, over KMS's own protocol (AWS JSON 1.1,
 * `X-Amz-Target: TrentService.{Operation}`), so that the real client works against it.
 */
import * as v from 'valibot';
import { AwsJsonError, parseMembers, startAwsJson, type LocalAwsJson } from './aws-json';
import type { EmulatorCredentials } from './emulator-access';
import { arnOf, type KmsKey } from './kms-key';
import { loadKmsKeyRing, type KmsKeyRing } from './kms-key-ring';
import { KMS_OPERATIONS } from './kms-operations';
import { loadSigningKeyRing, type SigningKeyRing } from './kms-signing-key-ring';
import { isAboutSigning, KMS_SIGNING_OPERATIONS } from './kms-signing-operations';

const OPERATIONS = [...KEY_OPERATIONS, ...SYMMETRIC_OPERATIONS, ...SIGNING_OPERATIONS];

const MAX_REQUEST_BYTES = 64 * 1024;

export interface LocalKms extends LocalAwsJson {
  /** ARN of the key that the service is deployed with. */
  readonly keyArn: string;
  /** The key itself: for what AWS's services seal without being asked, with no permission of the caller's. */
  readonly key: SymmetricKey;
}

/** Each key has operations of its kind; KMS answers those of the other kind with InvalidKeyUsageException. */
function operationOf(target: string, keys: KmsKeyRing, signingKeys: SigningKeyRing) {
  const symmetric = KMS_OPERATIONS.get(target);
  const signing = KMS_SIGNING_OPERATIONS.get(target);
  return (input: unknown) => {
    const isSigning = isAboutSigning(signingKeys, input);
    if (isSigning && signing) return signing(signingKeys, input);
    if (!isSigning && symmetric) return symmetric(keys, input);
    const { KeyId: keyId } = parseMembers(v.object({ KeyId: v.string() }), input);
    if (!isSigning && !keys.find(keyId)) {
      throw new AwsJsonError('NotFoundException', `Key '${keyId}' does not exist`);
    }
    throw new AwsJsonError('InvalidKeyUsageException', `${keyId} key usage is not valid for this operation.`);
  };
}

/**
 * @param keyFile where the keys are kept, and signing keys beside it; made when absent, readable for its owner only
 * @param credentials what clients must present
 * @throws StartError when the keys' file is damaged
 */
export async function startKms(keyFile: string, credentials: EmulatorCredentials): Promise<LocalKms> {
  const keys = await loadKmsKeyRing(keyFile);
  const signingKeys = await loadSigningKeyRing(keyFile.replace(/(\.json)?$/, '-signing.json'));
  const targets = new Set([...KMS_OPERATIONS.keys(), ...KMS_SIGNING_OPERATIONS.keys()]);
  const operations = new Map([...targets].map((target) => [target, operationOf(target, keys, signingKeys)]));
  // As in AWS's model, where an unexpected failure is KMSInternalException and says nothing else.
  const service = { operations, internalError: 'KMSInternalException', mostBytes: MAX_REQUEST_BYTES };
  return { ...(await startAwsJson(service, credentials)), keyArn: arnOf(keys.root), key: keys.root };
}
