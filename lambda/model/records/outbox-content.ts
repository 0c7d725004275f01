/**
 * The encrypted content of an outbox item: what deletes a client, or tokens with the client that they were issued to. The
 * whole client is in the ciphertext, so neither a later configuration of the provider nor an altered record sends the
 * tokens or the client secret to another server.
 */
import * as v from 'valibot';
import type { Of } from '../of';
import { Oauth2ProviderSchema, type Oauth2Provider } from '../provider/record';
import { SealedTokensSchema } from './grant';

/**
 * Whether a request that revokes tokens needs a member of their provider. The tokens name the key that they are bound to, and
 * the client secret is next to them, wherever the provider has it.
 */
const NEEDED_TO_REVOKE = {
  id: true,
  name: true,
  arn: true,
  owner: true,
  ownerId: true,
  tags: false,
  policy: false,
  revision: true,
  createdTime: false,
  lastUpdatedTime: false,
  vendor: true,
  callbackId: false,
  clientId: true,
  clientAuthenticationMethod: true,
  privateKeyJwt: true,
  discovery: true,
  onBehalfOf: false,
  dpop: false,
  externalSecret: false,
  registration: false,
  certificateSecretArn: true,
  certificateObject: true,
  privateEndpoint: true,
  privateEndpointOverrides: true,
} as const satisfies Record<keyof Oauth2Provider, boolean>;

type Needed = {
  [Name in keyof typeof NEEDED_TO_REVOKE]: (typeof NEEDED_TO_REVOKE)[Name] extends true ? Name : never;
}[keyof typeof NEEDED_TO_REVOKE];

const RevokingClientSchema = v.pick(
  Oauth2ProviderSchema,
  v.keyof(Oauth2ProviderSchema).options.filter((name) => NEEDED_TO_REVOKE[name]) as [Needed, ...Needed[]],
);

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
