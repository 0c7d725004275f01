/** Client ID metadata documents, apart from their providers, which the function that publishes them cannot read. */
import * as v from 'valibot';
import type { Of } from '../of';
import { ClientMetadataSchema } from '../provider/published-key';

export const PublishedClientSchema = v.object({
  ...ClientMetadataSchema.entries,
  /** Epoch seconds; absent while the provider uses the client. */
  expiresAt: v.exactOptional(v.number()),
});

/** A document as it is stored. */
export interface PublishedClient extends Of<typeof PublishedClientSchema> {}
