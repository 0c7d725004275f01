/**
 * What the operations that AWS does not have return about grants, revocations, and suspensions: no token, and nothing from
 * which one could be obtained. The OpenAPI document has these schemas by their names.
 */
import * as v from 'valibot';
import { FLOWS } from './flow';
import type { Of } from './of';
import { REVOCATION_REACHES } from './records/revocation-outbox';

/** Text with a description in the OpenAPI document. */
/* @__NO_SIDE_EFFECTS__ */
export const described = (description: string) => v.pipe(v.string(), v.description(description));

export const count = v.pipe(v.number(), v.integer());

/** Epoch seconds. */
export const time = v.pipe(v.number(), v.description('epoch seconds'));

/** The member of a listing that every page except the last one has. */
export const nextToken = v.exactOptional(described('for the next page; absent on the last one'));

/** The widest reach of the grants. Absent if no tokens were revoked, or their client is unknown. */
export const reach = v.exactOptional(
  v.pipe(v.picklist(REVOCATION_REACHES), v.description('what else the revocation can end at the provider')),
);

/** `DONE`: every grant was revoked, and for each one the provider has confirmed it or was given up. */
export const revocationStatus = v.picklist(['IN_PROGRESS', 'DONE']);

/**
 * - `BACKING_OFF`: the provider was unavailable. The service sends it no request before the next attempt is due.
 * - `ACTIVE`: the stored token can be returned.
 * - `RENEWABLE`: the next request renews the token without the user.
 * - `NEEDS_CONSENT`: the next request returns an authorization URL.
 * - `UNREADABLE`: the stored record is not valid. No request gets a token of it.
 */
const grantStatus = v.picklist(['ACTIVE', 'RENEWABLE', 'NEEDS_CONSENT', 'BACKING_OFF', 'UNREADABLE']);
export type GrantStatus = v.InferOutput<typeof grantStatus>;

export const GrantDescriptionSchema = v.object({
  grantId: v.string(),
  credentialProviderArn: v.string(),
  flow: v.picklist(FLOWS),
  /** The granted scopes. */
  scopes: v.array(v.string()),
  resources: v.array(v.string()),
  audiences: v.array(v.string()),
  status: grantStatus,
  /** Whether the access token is renewed without the user: by a refresh token, or by client credentials. */
  renewsAutomatically: v.boolean(),
  /** Absent from a grant whose record is not valid. */
  workloadIdentityArn: v.exactOptional(v.string()),
  userHash: v.exactOptional(described('absent if the agent acts for itself')),
  createdTime: v.exactOptional(time),
  /** When the current tokens were obtained, if they are not the first. */
  lastRefreshedTime: v.exactOptional(time),
  lastUsedDate: v.exactOptional(described('`YYYY-MM-DD`, UTC')),
  /** When the access token expires; absent if the provider did not state it. */
  expiresAt: v.exactOptional(time),
});
export interface GrantDescription extends Of<typeof GrantDescriptionSchema> {}

export const RevokedGrantSchema = v.object({
  grantId: v.string(),
  provider: v.string(),
  state: v.picklist(['PENDING', 'CONFIRMED', 'UNCONFIRMED', 'NOT_PROVABLE']),
  attempts: count,
  lastError: v.exactOptional(v.string()),
});

export const SuspensionSchema = v.object({
  since: time,
  by: described('ARN of the operator'),
  reason: v.exactOptional(v.string()),
});

export const IssuerSuspensionSchema = v.object({
  state: v.picklist(['DISABLED', 'PURGED']),
  since: time,
  trustedIssuer: v.exactOptional(described('`securityEvents.id` of the trusted issuer')),
});
export interface IssuerSuspension extends Of<typeof IssuerSuspensionSchema> {}

export const ListedWorkloadIdentitySchema = v.object({
  name: v.string(),
  workloadIdentityArn: v.string(),
  owner: described('ARN'),
  createdTime: time,
  lastUpdatedTime: time,
  suspended: v.boolean(),
  suspension: v.exactOptional(SuspensionSchema),
});

export interface ListedWorkloadIdentity extends Of<typeof ListedWorkloadIdentitySchema> {}

export const ListedCredentialProviderSchema = v.object({
  name: v.string(),
  credentialProviderArn: v.string(),
  owner: described('ARN'),
  createdTime: time,
  lastUpdatedTime: time,
  credentialProviderVendor: v.exactOptional(v.string()),
});

export interface ListedCredentialProvider extends Of<typeof ListedCredentialProviderSchema> {}

/** An agent by name, or a user by hash. A user can be suspended by both. */
export const ListedSuspensionSchema = v.object({
  workloadName: v.exactOptional(v.string()),
  userHash: v.exactOptional(v.string()),
  suspendedByOperator: v.exactOptional(SuspensionSchema),
  suspendedByIssuer: v.exactOptional(IssuerSuspensionSchema),
});
export interface ListedSuspension extends Of<typeof ListedSuspensionSchema> {}

/** A revocation that was begun. */
export const BegunRevocationSchema = v.object({
  revocationId: v.string(),
  matched: v.pipe(count, v.description('grants that were revoked so far')),
  status: revocationStatus,
  reach,
});
export interface BegunRevocation extends Of<typeof BegunRevocationSchema> {}

export const RevocationDescriptionSchema = v.object({
  revocationId: v.string(),
  status: revocationStatus,
  counts: v.object({
    matched: count,
    revoked: count,
    confirmed: count,
    unconfirmed: count,
    notProvable: count,
  }),
  grants: v.array(RevokedGrantSchema),
  reach,
  nextToken,
});
export interface RevocationDescription extends Of<typeof RevocationDescriptionSchema> {}

/** What a credential provider is bound to that was found by the metadata of a protected resource. */
export const ProtectedResourceSchema = v.object({
  resource: described('identifier of the resource (RFC 9728), such as an MCP server'),
  authorizationServer: described('issuer of the authorization server that it named'),
  authorizationServerMetadataUrl: described('where the service reads the metadata of this server'),
  endpointOrigins: v.pipe(
    v.array(v.string()),
    v.description(
      'origins at which this server has its endpoints; the service sends requests to no other origin',
    ),
  ),
});
