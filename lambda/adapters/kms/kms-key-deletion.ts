/**
 * Asks KMS whether a KMS key is deleted, by the call that wraps vault keys. It needs no other permission.
 * Source: AWS KMS API reference, "GenerateDataKeyWithoutPlaintext"; developer guide, "Key states of AWS KMS keys".
 */
import {
  GenerateDataKeyWithoutPlaintextCommand,
  KMSServiceException,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { ServiceError, type ErrorName } from '../../domain/service-error';
import type { KmsKeyDeletion } from '../../domain/token-vault/key-material-reset';
import { probeContext } from './vault-key-context';

/** The only error of KMS for a deleted key. */
const DELETED = 'NotFoundException';

/** What KMS's other errors say about the KMS key, and what to do. */
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

const exists = (kmsKeyArn: string): ServiceError =>
  new ServiceError(
    'ValidationException',
    `${kmsKeyArn} exists and is enabled, so the token vault is usable. To move it to another KMS key, call SetTokenVaultCMK.`,
  );

/** In another Region than the one in its ARN, a multi-Region key might only have no replica. */
const elsewhere = (kmsKeyArn: string): ServiceError =>
  new ServiceError(
    'ValidationException',
    `AWS KMS of this Region cannot say whether ${kmsKeyArn} is deleted. Create the replica of the key in this Region, or reset the token vault when the Region in the ARN is the writing Region again.`,
  );

export const createKmsKeyDeletion = (kms: KMSClient, tokenVaultArn: string): KmsKeyDeletion => ({
  async confirm(kmsKeyArn) {
    const [, , , region] = kmsKeyArn.split(':');
    if (region !== (await kms.config.region())) throw elsewhere(kmsKeyArn);
    try {
      await kms.send(
        new GenerateDataKeyWithoutPlaintextCommand({
          KeyId: kmsKeyArn,
          KeySpec: 'AES_256',
          EncryptionContext: probeContext(tokenVaultArn, 'ResetTokenVaultKeyMaterial'),
        }),
      );
    } catch (error) {
      if (!(error instanceof KMSServiceException)) throw error;
      if (error.name === DELETED) return;
      const known = NOT_DELETED[error.name];
      if (!known) throw error;
      const [type, message] = known;
      throw new ServiceError(type, `${kmsKeyArn} ${message}`, { cause: error });
    }
    throw exists(kmsKeyArn);
  },
});
