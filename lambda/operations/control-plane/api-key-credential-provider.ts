/** API key credential providers: API keys that agents get. */
import * as v from 'valibot';
import { createdApiKeyProvider, updatedApiKeyProvider } from '../../model/api-key-provider-request';
import { providerName } from '../../model/names';
import { API_KEY_ARN, OWN, OWN_LISTED, PLAIN_TAGS, SHREDS, TAGGED_SECRET } from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing } from '../../model/request-values';

const named = v.strictObject({ name: providerName });

export const apiKeyCredentialProvider = operations('control-plane', '/identities', {
  CreateApiKeyCredentialProvider: {
    status: 201,
    input: createdApiKeyProvider,
  },
  GetApiKeyCredentialProvider: { input: named },
  UpdateApiKeyCredentialProvider: {
    input: updatedApiKeyProvider,
  },
  DeleteApiKeyCredentialProvider: { status: 204, input: named },
  ListApiKeyCredentialProviders: { input: listing(100) },
});

export const reference: ReferenceOf<typeof apiKeyCredentialProvider> = {
  CreateApiKeyCredentialProvider: {
    does: 'Creates a provider for an API key. Only GetResourceApiKey returns the key.',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
    differs: [OWN, PLAIN_TAGS, API_KEY_ARN, TAGGED_SECRET],
  },
  GetApiKeyCredentialProvider: {
    does: 'Describes a provider, without its API key.',
    errors: ['ResourceNotFoundException'],
    differs: [API_KEY_ARN],
  },
  UpdateApiKeyCredentialProvider: {
    does: 'Replaces the API key. Agents get the new key from the next request on.',
    errors: ['ResourceNotFoundException'],
    differs: [TAGGED_SECRET],
  },
  DeleteApiKeyCredentialProvider: {
    does: 'Deletes a provider and its API key. If the deletion was interrupted, call the operation again; until then, the name remains in use.',
    errors: ['ResourceNotFoundException'],
    differs: [SHREDS],
  },
  ListApiKeyCredentialProviders: {
    does: 'Returns a page of providers, sorted by name.',
    differs: [OWN_LISTED],
  },
};
