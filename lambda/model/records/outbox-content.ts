/**
 * What an item of the outbox contains encrypted: what deletes a client, or the tokens, and the client that they were issued to, at the server that
 * issued them. The whole client is in the ciphertext, so neither a later configuration of the provider nor an altered
 * record sends the tokens or the client secret to another server.
 */
import * as v from 'valibot';
import type { Of } from '../of';
import { Oauth2ProviderSchema } from '../provider/record';
import { SealedTokensSchema } from './grant';

/**
 * What a request that revokes tokens needs of their provider. The tokens name the key that they are bound to, and the client
 * secret is next to them, wherever the provider has it.
 */
const RevokingClientSchema = v.pick(Oauth2ProviderSchema, [
  'id',
  'name',
  'arn',
  'owner',
  'ownerId',
  'revision',
  'vendor',
  'clientId',
  'clientAuthenticationMethod',
  'privateKeyJwt',
  'discovery',
  'certificateSecretArn',
  'certificateObject',
  'privateEndpoint',
  'privateEndpointOverrides',
]);

/** Where and with what a client can be deleted (RFC 7592). */
export const ClientManagementSchema = v.object({ clientUri: v.string(), accessToken: v.string() });
export interface ClientManagement extends Of<typeof ClientManagementSchema> {}

export const OutboxContentSchema = v.object({
  tokens: SealedTokensSchema,
  /** The provider as it was configured when the tokens were enqueued. */
  provider: RevokingClientSchema,
  /** The client secret at that time; absent if the client has none, or it could not be read. */
  clientSecret: v.exactOptional(v.string()),
});

export interface OutboxContent extends Of<typeof OutboxContentSchema> {}
