/** Decrypts the secret of a credential provider. */
import { ServiceError } from '../service-error';
import { KeyMaterialResetError, LostKmsKeyError, type Seal, type SealingContext } from './sealing';

const SECRETS = {
  'client-secret': { name: 'client secret', operation: 'UpdateOauth2CredentialProvider' },
  'api-key': { name: 'API key', operation: 'UpdateApiKeyCredentialProvider' },
} as const;

export interface SealedSecret {
  readonly context: SealingContext & { readonly purpose: keyof typeof SECRETS };
  readonly sealed: string;
}

/**
 * Returns the secret.
 *
 * @throws ValidationException if ResetTokenVaultKeyMaterial gave the secret up, or its KMS key is lost: only the provider's
 *   owner has it
 */
export async function openProviderSecret(
  { seal }: { readonly seal: Pick<Seal, 'open'> },
  providerName: string,
  { context, sealed }: SealedSecret,
): Promise<string> {
  try {
    return await seal.open(context, sealed);
  } catch (error) {
    if (!(error instanceof KeyMaterialResetError || error instanceof LostKmsKeyError)) throw error;
    const { name, operation } = SECRETS[context.purpose];
    throw new ServiceError(
      'ValidationException',
      `The ${name} of the credential provider "${providerName}" was lost with the KMS key of the token vault. The owner of the provider must set it again with ${operation}.`,
      { cause: error },
    );
  }
}
