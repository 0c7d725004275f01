import * as v from 'valibot';
import type { Of } from '../of';
import { ExternalSecretSchema } from '../secret-reference';
import { OwnedResourceSchema } from './owned-resource';

export const ApiKeyProviderSchema = v.object({
  ...OwnedResourceSchema.entries,
  /** The location of the key, if it is not in the token vault. */
  externalSecret: v.exactOptional(ExternalSecretSchema),
});

/** An API key that the owner's agents can use. */
export interface ApiKeyProvider extends Of<typeof ApiKeyProviderSchema> {}
