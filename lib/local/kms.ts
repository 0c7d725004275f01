/**
 * AWS KMS of the embedded cloud: the operations that the service, its operator, and the owners of signing keys use. It
 * has the protocol of AWS KMS (AWS JSON 1.1, `X-Amz-Target: TrentService.{Operation}`), so AWS clients work with it.
 */
import * as v from 'valibot';
import { startAwsJson, type LocalAwsJson } from './aws-json';
import type { EmulatorCredentials } from './emulator-access';
import { arnOf } from './kms-key';
import { KEY_OPERATIONS } from './kms-key-operations';
import { loadKmsKeyRing, type KmsKeyRing } from './kms-key-ring';
import { KeyIdSchema } from './kms-named-key';
import { SIGNING_OPERATIONS } from './kms-signing-operations';
import type { DerivedPort } from './loopback-server';
import type { PrincipalAccess } from './principal-access';
import type { Principals } from './principals';
import type { SettingNames } from './setting-names';
import type { SymmetricKey } from './kms-symmetric-key';
import { SYMMETRIC_OPERATIONS } from './kms-symmetric-operations';

const OPERATIONS = [...KEY_OPERATIONS, ...SYMMETRIC_OPERATIONS, ...SIGNING_OPERATIONS];

const MAX_REQUEST_BYTES = 64 * 1024;

/** An authorization server needs the public key. Only the functions use a key. */
const PRINCIPALS_OPERATIONS: ReadonlySet<string> = new Set([...KEY_OPERATIONS.keys(), 'GetPublicKey']);

const NamedKey = v.object({ KeyId: KeyIdSchema });

const accessTo = (keys: KmsKeyRing, principals: Principals): PrincipalAccess => ({
  principals,
  service: 'kms',
  operations: PRINCIPALS_OPERATIONS,
  resourceOf(input) {
    const named = v.safeParse(NamedKey, input);
    const key = named.success ? keys.find(named.output.KeyId) : undefined;
    return key && { tags: key.tags, internal: key.keyId === keys.root.keyId };
  },
});

export interface LocalKms extends LocalAwsJson {
  /** ARN of the key that the service is deployed with. */
  readonly keyArn: string;
  /** The key itself, for data that AWS services encrypt without a permission of the caller. */
  readonly key: SymmetricKey;
}

/**
 * @param keyFile file of the keys; created if it is missing, readable only for its owner
 * @param credentials that clients must present
 * @param principals that can manage keys too; none by default
 * @param port to listen on; by default, a free port
 * @throws StartError when the keys' file is damaged
 */
export async function startKms(
  keyFile: string,
  credentials: EmulatorCredentials,
  principals?: Principals,
  port?: DerivedPort,
  names?: SettingNames,
): Promise<LocalKms> {
  const keys = await loadKmsKeyRing(keyFile, names);
  const operations = new Map(
    OPERATIONS.map(([name, operation]) => [
      `TrentService.${name}`,
      (input: unknown) => operation(keys, input),
    ]),
  );
  // In the service model of AWS KMS, an unexpected failure is a KMSInternalException without details.
  const service = {
    operations,
    internalError: 'KMSInternalException',
    mostBytes: MAX_REQUEST_BYTES,
    access: principals && accessTo(keys, principals),
    port,
    names,
  };
  return { ...(await startAwsJson(service, credentials)), keyArn: arnOf(keys.root), key: keys.root };
}
