/** An OAuth2 credential provider as it is stored: the OAuth client that agents share, and who owns it. */
import * as v from 'valibot';
import type { Of } from '../of';
import { privateEndpointMembers } from '../private-endpoint';
import { OwnedResourceSchema, type OwnedResource } from '../records/owned-resource';
import { ExternalSecretSchema } from '../secret-reference';
import {
  CLIENT_AUTHENTICATION_METHODS,
  PUBLIC_CLIENT,
  PUBLISHED_KEY,
  SIGNING_ALGORITHMS,
  TOKEN_ENDPOINT_AUTH_METHODS,
} from './client';
import { OnBehalfOfSchema } from './on-behalf-of';
import { ClientMetadataSchema } from './published-key';
import { VENDOR_NAMES } from './vendor-names';

const texts = v.array(v.string());
const claims = v.exactOptional(v.record(v.string(), v.string()));

/** The AWS type `Oauth2AuthorizationServerMetadata`: what is stated instead of discovered. */
const StatedMetadataSchema = v.object({
  issuer: v.string(),
  authorizationEndpoint: v.string(),
  tokenEndpoint: v.string(),
  responseTypes: v.exactOptional(texts),
  tokenEndpointAuthMethods: v.exactOptional(v.array(v.picklist(TOKEN_ENDPOINT_AUTH_METHODS))),
});

/** A protected resource (RFC 9728), and the authorization server that it named when the provider was configured. */
const ProtectedResourceSchema = v.object({
  /** The resource identifier, which is the resource indicator of every request (RFC 8707). */
  resource: v.string(),
  issuer: v.string(),
  /** Where the metadata of the authorization server is. */
  metadataUrl: v.string(),
  /** Origins of the server's endpoints. Codes, client secrets, and tokens go to no other origin. */
  endpointOrigins: texts,
  /** Whether an update of the owner moved the provider to this server by stating it. Later updates must state it, too. */
  statedByUpdate: v.exactOptional(v.literal(true)),
  /** Whether it accepts only access tokens that are bound to keys (DPoP); absent if it does not say so. */
  dpopRequired: v.exactOptional(v.literal(true)),
});
export interface ProtectedResource extends Of<typeof ProtectedResourceSchema> {}

/** What audit entries say about the server that a provider of a protected resource is bound to. */
export interface BoundServer {
  /** Identifier of the protected resource, such as an MCP server (RFC 9728). */
  readonly protectedResource: string;
  /** Issuer identifier of its authorization server. */
  readonly authorizationServer: string;
  /** Origins of the endpoints of this server. */
  readonly endpointOrigins: readonly string[];
}

const absent = v.exactOptional(v.never());

/** The AWS type `Oauth2Discovery`: exactly one of the two. */
const Oauth2DiscoverySchema = v.union([
  v.strictObject({
    /** With `protectedResource`, the metadata of the resource; without, those of the authorization server. */
    discoveryUrl: v.string(),
    protectedResource: v.exactOptional(ProtectedResourceSchema),
    authorizationServerMetadata: absent,
  }),
  v.strictObject({
    discoveryUrl: absent,
    protectedResource: absent,
    authorizationServerMetadata: StatedMetadataSchema,
  }),
]);
export type Oauth2Discovery = Of<typeof Oauth2DiscoverySchema>;

/** How the assertions of a client are made, for `PRIVATE_KEY_JWT`. */
const PrivateKeyJwtSchema = v.object({
  /** ARN of an asymmetric KMS key of this account and Region. */
  keyArn: v.string(),
  algorithm: v.picklist(SIGNING_ALGORITHMS),
  headerClaims: claims,
  payloadClaims: claims,
});
export interface PrivateKeyJwt extends Of<typeof PrivateKeyJwtSchema> {}

/** Access tokens that are bound to keys (DPoP, RFC 9449). */
const DpopConfigSchema = v.object({
  /** URLs of the resources, each with all paths below it. Absent for a protected resource, which has its own URL. */
  resourceUrls: v.exactOptional(texts),
});
export interface DpopConfig extends Of<typeof DpopConfigSchema> {}

/** How a client can be deleted. */
const SealedManagementSchema = v.object({
  clientUri: v.string(),
  /** JWE of the registration access token. */
  sealedToken: v.string(),
});
export interface SealedManagement extends Of<typeof SealedManagementSchema> {}

/** What a provider stores of a client that the service provides. */
const RegistrationSchema = v.object({
  /** Absent if the server does not let clients delete themselves. */
  management: v.exactOptional(SealedManagementSchema),
  /** Present if a document describes the client. */
  metadataDocument: v.exactOptional(ClientMetadataSchema),
});
export interface Registration extends Of<typeof RegistrationSchema> {}

/** The AWS type `S3CertificateConfiguration`. */
const CertificateObjectSchema = v.object({
  uri: v.string(),
  /** Can be only the account of this service. */
  bucketOwnerAccountId: v.exactOptional(v.string()),
});
export interface CertificateObject extends Of<typeof CertificateObjectSchema> {}

export const Oauth2ProviderSchema = v.object({
  ...OwnedResourceSchema.entries,
  vendor: v.picklist(VENDOR_NAMES),
  /** Last segment of the callback URL: one per provider and authorization server (RFC 9700 section 4.4.2.2). */
  callbackId: v.string(),
  /** Empty for a client that only its assertion names. */
  clientId: v.string(),
  clientAuthenticationMethod: v.picklist([...CLIENT_AUTHENTICATION_METHODS, PUBLIC_CLIENT, PUBLISHED_KEY]),
  privateKeyJwt: v.exactOptional(PrivateKeyJwtSchema),
  /** Resolved at configuration, for built-in vendors too: only an update sends secrets elsewhere. */
  discovery: Oauth2DiscoverySchema,
  /** How it exchanges users' own tokens, where that was configured; some vendors have it built in. */
  onBehalfOf: v.exactOptional(OnBehalfOfSchema),
  /** Present if its tokens are bound to keys; see `dpopConfigOf`. */
  dpop: v.exactOptional(DpopConfigSchema),
  /** Where the client secret is, when it is not in the vault. */
  externalSecret: v.exactOptional(ExternalSecretSchema),
  /** Present if the service provides the client. */
  registration: v.exactOptional(RegistrationSchema),
  /** ARN of the secret with the certificates of the private authorities that its server's certificate is issued by. */
  certificateSecretArn: v.exactOptional(v.string()),
  /** The object with them. A provider has one of the two, or none. */
  certificateObject: v.exactOptional(CertificateObjectSchema),
  ...privateEndpointMembers,
});

/** An OAuth client that agents share. */
export interface Oauth2Provider extends Of<typeof Oauth2ProviderSchema> {}

/** The attributes in addition to those of every resource. */
export type Oauth2ProviderAttributes = Omit<Oauth2Provider, keyof OwnedResource>;

/** The attributes that the configuration of a provider sets. */
export type ConfiguredProvider = Omit<Oauth2ProviderAttributes, 'vendor' | 'callbackId'>;

/** The attributes that say where its certificates are. */
export type CertificateMembers = Pick<Oauth2Provider, 'certificateSecretArn' | 'certificateObject'>;
