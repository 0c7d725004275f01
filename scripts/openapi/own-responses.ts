/**
 * Responses that the AWS service model does not have, in JSON Schema: those of this service's operations, and its members
 * in AWS's structures. The flow tests check every response against the document.
 */
import { CLIENT_REGISTRATIONS } from '../../lambda/model/provider/client';
import { REVOCATION_REACHES } from '../../lambda/model/records/revocation';
import { FLOWS } from '../../lambda/model/flow';
import type { JsonOperationName } from '../../lambda/operations';
import { requestMember } from './request-schemas';
import { schemaRef, type JsonSchema } from './json-schema';

const text: JsonSchema = { type: 'string' };
const count: JsonSchema = { type: 'integer' };
const flag: JsonSchema = { type: 'boolean' };
const time: JsonSchema = { type: 'number', description: 'epoch seconds' };
const texts: JsonSchema = { type: 'array', items: text };
const nextToken: JsonSchema = { ...text, description: 'for the next page; absent on the last one' };
const status: JsonSchema = { type: 'string', enum: ['IN_PROGRESS', 'DONE'] };
const reach: JsonSchema = {
  type: 'string',
  enum: REVOCATION_REACHES,
  description: 'what else the revocation can end at the provider',
};

type Members = Readonly<Record<string, JsonSchema>>;

/** @param required the members that are always present */
const structure = (required: Members, optional: Members = {}): JsonSchema => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
});

const listOf = (member: string, entry: string): JsonSchema =>
  structure({ [member]: { type: 'array', items: schemaRef(entry) } }, { nextToken });

const owned = { owner: { ...text, description: 'ARN' }, createdTime: time, lastUpdatedTime: time };

/** The structures of the responses, by name. */
export const OWN_STRUCTURES: Members = {
  Grant: structure(
    {
      grantId: text,
      credentialProviderArn: text,
      flow: { type: 'string', enum: FLOWS },
      scopes: texts,
      resources: texts,
      audiences: texts,
      status: {
        type: 'string',
        enum: ['ACTIVE', 'RENEWABLE', 'NEEDS_CONSENT', 'BACKING_OFF', 'UNREADABLE'],
      },
    },
    {
      workloadIdentityArn: text,
      userHash: { ...text, description: 'absent if the agent acts for itself' },
      createdTime: time,
      lastRefreshedTime: time,
      lastUsedDate: { ...text, description: '`YYYY-MM-DD`, UTC' },
      expiresAt: time,
    },
  ),
  RevokedGrant: structure(
    {
      grantId: text,
      provider: text,
      state: { type: 'string', enum: ['PENDING', 'CONFIRMED', 'UNCONFIRMED', 'NOT_PROVABLE'] },
      attempts: count,
    },
    { lastError: text },
  ),
  Suspension: structure(
    { since: time, by: { ...text, description: 'ARN of the operator' } },
    { reason: text },
  ),
  IssuerSuspension: structure(
    { state: { type: 'string', enum: ['DISABLED', 'PURGED'] }, since: time },
    { trustedIssuer: { ...text, description: '`securityEvents.id` of the trusted issuer' } },
  ),
  ProtectedResource: structure({
    resource: { ...text, description: 'identifier of the resource (RFC 9728), such as an MCP server' },
    authorizationServer: { ...text, description: 'issuer of the authorization server that it named' },
    authorizationServerMetadataUrl: {
      ...text,
      description: 'where the service reads the metadata of this server',
    },
    endpointOrigins: {
      type: 'array',
      items: text,
      description:
        'origins at which this server has its endpoints; the service sends requests to no other origin',
    },
  }),
  ListedWorkloadIdentity: structure(
    { name: text, workloadIdentityArn: text, ...owned, suspended: flag },
    { suspension: schemaRef('Suspension') },
  ),
  ListedCredentialProvider: structure(
    { name: text, credentialProviderArn: text, ...owned },
    { credentialProviderVendor: text },
  ),
  ListedSuspension: structure(
    {},
    {
      workloadName: text,
      userHash: text,
      suspendedByOperator: schemaRef('Suspension'),
      suspendedByIssuer: schemaRef('IssuerSuspension'),
    },
  ),
};

const begun: JsonSchema = structure(
  { revocationId: text, matched: { ...count, description: 'grants that were revoked so far' }, status },
  { reach },
);

/** Responses of the operations that AWS does not have. */
export const OWN_RESPONSES: Partial<Readonly<Record<JsonOperationName, JsonSchema>>> = {
  RejectResourceOauth2Token: schemaRef('GetResourceOauth2TokenResponse'),
  GetResourceDpopProof: structure({
    dpopProof: { ...text, description: 'value of the header `DPoP`, for one request' },
    accessToken: { ...text, description: 'the token that the proof is for' },
    tokenType: { type: 'string', enum: ['DPoP'] },
  }),
  ListResourceGrants: listOf('grants', 'Grant'),
  RevokeResourceGrant: structure({ revocationId: text, status }, { reach }),
  ListGrants: listOf('grants', 'Grant'),
  RevokeGrants: begun,
  GetRevocation: structure(
    {
      revocationId: text,
      status,
      counts: structure({
        matched: count,
        revoked: count,
        confirmed: count,
        unconfirmed: count,
        notProvable: count,
      }),
      grants: { type: 'array', items: schemaRef('RevokedGrant') },
    },
    { reach, nextToken },
  ),
  ListAllWorkloadIdentities: listOf('workloadIdentities', 'ListedWorkloadIdentity'),
  ListAllCredentialProviders: listOf('credentialProviders', 'ListedCredentialProvider'),
  TransferOwnership: structure({ resourceArn: text, owner: text, previousOwner: text }),
  SuspendWorkloadIdentity: structure(
    { name: text, identityExists: flag, suspension: schemaRef('Suspension') },
    { workloadIdentityArn: text, owner: text },
  ),
  ResumeWorkloadIdentity: structure({ name: text }, { liftedSuspension: schemaRef('Suspension') }),
  SuspendUser: structure({ userHash: text, suspension: schemaRef('Suspension') }),
  ResumeUser: structure(
    { userHash: text },
    {
      liftedSuspension: schemaRef('Suspension'),
      liftedIssuerSuspension: schemaRef('IssuerSuspension'),
      suspendedByIssuer: schemaRef('IssuerSuspension'),
      message: text,
    },
  ),
  ListSuspensions: listOf('suspensions', 'ListedSuspension'),
};

const authorizerConfiguration = requestMember('CreateWorkloadIdentity', 'authorizerConfiguration');
const portal: Members = {
  branding: requestMember('CreateConsentPortal', 'branding'),
  connections: requestMember('CreateConsentPortal', 'connections'),
};
/** Present for the discovery URL of a protected resource. */
const boundProvider: Members = { protectedResource: schemaRef('ProtectedResource') };
const onBehalfOf = [
  'oauth2ProviderConfigInput',
  'customOauth2ProviderConfig',
  'onBehalfOfTokenExchangeConfig',
];
const onBehalfOfMember = (...members: string[]): JsonSchema =>
  requestMember('CreateOauth2CredentialProvider', ...onBehalfOf, ...members);

/** Members that this service adds to AWS's structures, or that have other values here, by the name of the shape. */
export const MEMBERS_BEYOND_AWS: Readonly<Record<string, Members>> = {
  CreateWorkloadIdentityResponse: { authorizerConfiguration },
  GetWorkloadIdentityResponse: { authorizerConfiguration },
  UpdateWorkloadIdentityResponse: { authorizerConfiguration },
  ConsentPortalSource: { type: { type: 'string', enum: ['workload-identity'] } },
  CreateConsentPortalResponse: portal,
  GetConsentPortalResponse: portal,
  UpdateConsentPortalResponse: portal,
  CreateOauth2CredentialProviderResponse: boundProvider,
  GetOauth2CredentialProviderResponse: boundProvider,
  UpdateOauth2CredentialProviderResponse: boundProvider,
  OnBehalfOfTokenExchangeConfigType: {
    grantType: onBehalfOfMember('grantType'),
    identityAssertionConfig: onBehalfOfMember('identityAssertionConfig'),
  },
  CustomOauth2ProviderConfigOutput: {
    clientRegistration: {
      type: 'string',
      enum: CLIENT_REGISTRATIONS,
      description: 'if the service provides the client',
    },

    dpopConfig: requestMember(
      'CreateOauth2CredentialProvider',
      'oauth2ProviderConfigInput',
      'customOauth2ProviderConfig',
      'dpopConfig',
    ),
  },
  TokenExchangeGrantTypeConfigType: {
    subjectTokenType: onBehalfOfMember('tokenExchangeGrantTypeConfig', 'subjectTokenType'),
  },
  GetResourceOauth2TokenResponse: {
    grantedScopes: { ...texts, description: 'if the provider granted other scopes than requested' },
    tokenType: { type: 'string', enum: ['DPoP'], description: 'absent for a bearer token' },
  },
};
