/**
 * Asks KMS about the state of a KMS key, by the call that wraps vault keys. It needs no other permission.
 * Source: AWS KMS API reference, "GenerateDataKeyWithoutPlaintext"; developer guide, "Key states of AWS KMS keys".
 */
import { arnParts } from '../../model/arn';
import { ServiceError, type ErrorName } from '../../domain/service-error';
import type { KmsKeyStates } from '../../domain/token-vault/token-vault';
import { probeContext } from './vault-key-context';
import { isAwsError, type AwsError } from '../aws/aws-error';
import type { Kms } from './client';

/** The only error of KMS for a deleted key. */
const DELETED = 'NotFoundException';

/** What KMS's other errors say about the KMS key, and what to do, if a reset needs to know whether it is deleted. */
const NOT_DELETED: Readonly<Record<string, readonly [ErrorName, string]>> = {
  DisabledException: [
    'ValidationException',
    'is disabled, and not deleted. Enable it in AWS KMS to use the token vault again.',
  ],
  KMSInvalidStateException: [
    'ValidationException',
    'is not usable now, and not deleted. Cancel its scheduled deletion in AWS KMS and enable it, import its key material, or connect its key store, to use the token vault again. If it must not return, wait until AWS KMS has deleted it.',
  ],
  AccessDeniedException: [
    'AccessDeniedException',
    "cannot be used by this service, so AWS KMS does not say whether it is deleted. List it in the deployment's tokenVaultKeys, and delegate access to IAM in its key policy. If that changes nothing because the key was deleted in another account, move the token vault with SetTokenVaultCMK.",
  ],
  ThrottlingException: [
    'ThrottlingException',
    'might exist: AWS KMS throttled the request. Nothing was changed. Try again.',
  ],
};

/** In another Region than the one in its ARN, a multi-Region key might only have no replica. */
const elsewhere = (kmsKeyArn: string): ServiceError =>
  new ServiceError(
    'ValidationException',
    `AWS KMS of this Region cannot say whether ${kmsKeyArn} is deleted. Create the replica of the key in this Region, or reset the token vault when the Region in the ARN is the writing Region again.`,
  );

/** KMS's errors for a KMS key from which no vault key can be moved now, and what to do. */
const NOT_MOVABLE: Readonly<Record<string, string>> = {
  [DELETED]:
    'does not exist, so the vault keys under it cannot be moved. ResetTokenVaultKeyMaterial gives up what it encrypted.',
  DisabledException:
    'is disabled, so the vault keys under it cannot be moved. Enable it in AWS KMS first, and call again.',
  KMSInvalidStateException:
    'is not usable now, so the vault keys under it cannot be moved. Cancel its scheduled deletion in AWS KMS and enable it, import its key material, or connect its key store first, and call again.',
};

export function createKmsKeyStates(kms: Kms, tokenVaultArn: string): KmsKeyStates {
  /** Returns KMS's error for a use of the KMS key; undefined if there is none. */
  async function errorOf(
    kmsKeyArn: string,
    operation: 'SetTokenVaultCMK' | 'ResetTokenVaultKeyMaterial',
  ): Promise<AwsError | undefined> {
    try {
      await kms.send('GenerateDataKeyWithoutPlaintext', {
        KeyId: kmsKeyArn,
        KeySpec: 'AES_256',
        EncryptionContext: probeContext(tokenVaultArn, operation),
      });
      return undefined;
    } catch (error) {
      if (isAwsError(error)) return error;
      throw error;
    }
  }

  const isElsewhere = async (kmsKeyArn: string) => arnParts(kmsKeyArn).region !== (await kms.region());

  return {
    async isDeleted(kmsKeyArn) {
      if (await isElsewhere(kmsKeyArn)) throw elsewhere(kmsKeyArn);
      const error = await errorOf(kmsKeyArn, 'ResetTokenVaultKeyMaterial');
      if (!error) return false;
      if (error.name === DELETED) return true;
      const known = NOT_DELETED[error.name];
      if (!known) throw error;
      const [type, message] = known;
      throw new ServiceError(type, `${kmsKeyArn} ${message}`, { cause: error });
    },
    async checkMovable(kmsKeyArn) {
      if (await isElsewhere(kmsKeyArn)) return;
      const error = await errorOf(kmsKeyArn, 'SetTokenVaultCMK');
      if (!error || error.name === 'AccessDeniedException') return;
      const message = NOT_MOVABLE[error.name];
      if (message !== undefined) {
        throw new ServiceError('ValidationException', `${kmsKeyArn} ${message} Nothing was changed.`, {
          cause: error,
        });
      }
      if (error.name !== 'ThrottlingException') throw error;
      throw new ServiceError(
        'ThrottlingException',
        `AWS KMS throttled the request for ${kmsKeyArn}. Nothing was changed. Try again.`,
        { cause: error },
      );
    },
  };
}
