/**
 * Encrypts secrets. A ciphertext can be decrypted only in the context of its encryption: the owner's vault key for one
 * purpose, and the binding (agent, user, provider, session) in the protected header. A record that is copied to another
 * agent, user, or provider cannot be decrypted.
 */

import type { SealingPurpose } from '../../model/sealing-purpose';

export interface SealingContext {
  readonly purpose: SealingPurpose;
  /**
   * Unique ID of the workload identity or provider, or of the token vault itself. Deleting its vault key shreds its
   * ciphertexts.
   */
  readonly ownerId: string;
  readonly ownerArn: string;
  /** Identifies the plaintext; checked at decryption. */
  readonly binding: Readonly<Record<string, string>>;
}

/**
 * The vault key was deleted with its owner, or the KMS key that wraps it is lost (deleted) and the token vault has moved
 * to another one: its ciphertexts can never be decrypted again.
 */
export class ShreddedError extends Error {
  override readonly name: string = 'ShreddedError';
}

/** ResetTokenVaultKeyMaterial gave the vault key up: it stays unused even if its KMS key returns. */
export class KeyMaterialResetError extends ShreddedError {
  override readonly name = 'KeyMaterialResetError';
}

/** The KMS key is lost, which only KMS says, and not the vault key: what can wait is tried again. */
export class LostKmsKeyError extends ShreddedError {
  override readonly name = 'LostKmsKeyError';
  /** For the audit log. */
  readonly auditReason = this.message;
}

/**
 * KMS does not decrypt with the KMS key of a vault key, which can change: a person can enable it, cancel its deletion, or
 * allow its use. Has the name of KMS's error, by which the alarm counts it.
 */
export class UnusableKmsKeyError extends Error {
  override readonly name: string;
  /** For the audit log. */
  readonly auditReason = this.message;

  /**
   * @param kmsKeyArn the KMS key
   * @param cause KMS's error
   */
  constructor(kmsKeyArn: string, cause: Error) {
    super(`AWS KMS does not decrypt with ${kmsKeyArn}: ${cause.name}`, { cause });
    this.name = cause.name;
  }
}

/** The ciphertext was altered, or is not the one of its context. No retry can decrypt it. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** Reads the context that a ciphertext states. It is authentic only once the ciphertext was decrypted. */
export interface SealInspection {
  /** Returns the ARN of the ciphertext's owner; undefined if it states none. */
  ownerArnOf(sealed: string): string | undefined;
}

export interface Seal {
  /**
   * Returns a compact JWE (RFC 7516).
   *
   * @throws ShreddedError if there is no vault key and this function cannot create one
   */
  seal(context: SealingContext, plaintext: string): Promise<string>;
  /**
   * Returns the plaintext.
   *
   * @throws ShreddedError if the vault key was deleted; KeyMaterialResetError if a reset gave it up; LostKmsKeyError if
   *   its KMS key is lost; UnusableKmsKeyError if KMS does not use that key now; UnreadableError if the context differs or the ciphertext was modified, without more detail
   */
  open(context: SealingContext, sealed: string): Promise<string>;
}
