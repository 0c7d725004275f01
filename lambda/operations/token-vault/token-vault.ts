/** The token vault and its KMS key. */
import * as v from 'valibot';
import { kmsKeyArn } from '../../model/kms-key-arn';
import { matching, onlyCharacters } from '../../model/constraints';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';

const tokenVaultId = matching(1, 64, /^[a-zA-Z0-9\-_]+$/, onlyCharacters('the characters - _'));

export const tokenVault = operations('token-vault', '/identities', {
  GetTokenVault: {
    path: '/identities/get-token-vault',
    input: v.strictObject({ tokenVaultId: v.exactOptional(tokenVaultId) }),
  },
  SetTokenVaultCMK: {
    path: '/identities/set-token-vault-cmk',
    input: v.strictObject({
      tokenVaultId: v.exactOptional(tokenVaultId),
      kmsConfiguration: v.strictObject({
        keyType: v.picklist(['CustomerManagedKey', 'ServiceManagedKey']),
        kmsKeyArn: v.exactOptional(kmsKeyArn),
      }),
    }),
  },
  ResetTokenVaultKeyMaterial: {
    path: '/identities/reset-token-vault-key-material',
    input: v.strictObject({ tokenVaultId }),
  },
});

export const reference: ReferenceOf<typeof tokenVault> = {
  GetTokenVault: {
    does: 'Returns the KMS key of the token vault. There is one vault, named `default`.',
    errors: ['ResourceNotFoundException'],
  },
  SetTokenVaultCMK: {
    does: 'Moves the token vault to another KMS key. Agents can read from the vault during the move, and no grant is lost. If the present customer managed key is disabled, pending deletion, or deleted, the response is a ValidationException, and nothing is changed: enable the key or cancel its deletion first; for a deleted key, call ResetTokenVaultKeyMaterial.',
    errors: ['ResourceNotFoundException'],
    differs: [
      {
        what: 'requires a KMS key that the deployment names (`tokenVaultKeys`)',
        why: 'the functions are not authorized to use any other key, and this operation gives no access to a key',
      },
      {
        what: 'returns after all vault keys have been moved',
        why: 'the old KMS key can then be retired; if the move takes too long, the response is ThrottlingException, and the next call continues the move',
      },
    ],
  },
  ResetTokenVaultKeyMaterial: {
    does: "Makes the token vault usable again after its customer managed KMS key was deleted: moves it to the deployment's own key, and gives up what the deleted key encrypted. This cannot be undone, even if the key returns. The next request of an agent for a user's token returns an authorization URL, and the agent's own tokens are requested again. The service resets the token vault only if AWS KMS says that the key does not exist. The response for a key that is enabled, disabled, or pending deletion or import is a ValidationException; if AWS KMS denies access to the key, an AccessDeniedException. A ValidationException also says if the deployment's own key cannot be used. If the present key is usable, and an earlier move left vault keys under a former key that was deleted, the token vault keeps its key, and the operation gives up what the former key encrypted. [The runbook](runbook.md#the-token-vaults-kms-key-is-lost) has all steps.",
    errors: ['ResourceNotFoundException', 'ConflictException'],
    differs: [
      {
        what: 'gives up the client secrets and API keys in the token vault, too',
        why: 'AWS keeps them outside the token vault, in Secrets Manager; here, the same KMS key encrypts them; a request that needs one returns a ValidationException until the owner sets it again with UpdateOauth2CredentialProvider or UpdateApiKeyCredentialProvider; EXTERNAL secrets and the rest of the configuration stay',
      },
      {
        what: 'keeps the records of the grants until they are replaced or revoked',
        why: 'no request gets a token of them, but listings and portals show them with their earlier status; RevokeGrants drops them immediately; their tokens cannot be read, so the providers are not asked to revoke them (`NOT_PROVABLE`)',
      },
      {
        what: 'answers in the Region of the KMS key only',
        why: 'in another Region, a multi-Region key might only have no replica',
      },
    ],
  },
};
