/** The requests for API key credential providers. */
import * as v from 'valibot';
import { text } from './constraints';
import { providerName } from './names';
import type { Of } from './of';
import { requireOwnership, tags } from './request-values';
import { secretReference, secretSource } from './secret-reference';

const members = {
  name: providerName,
  apiKey: v.exactOptional(text(0, 65536)),
  apiKeySecretSource: v.exactOptional(secretSource),
  apiKeySecretConfig: v.exactOptional(secretReference),
};

export const createdApiKeyProvider = v.strictObject({ ...members, tags: v.exactOptional(tags) });
export interface CreateApiKeyProviderInput extends Of<typeof createdApiKeyProvider> {}

export const updatedApiKeyProvider = v.strictObject({ ...members, requireOwnership });
export interface UpdateApiKeyProviderInput extends Of<typeof updatedApiKeyProvider> {}
