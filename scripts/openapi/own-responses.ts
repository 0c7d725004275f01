/**
 * Responses that the AWS service model does not have, in JSON Schema: those of this service's operations, and its members
 * in the AWS structures. The flow tests check every response against the document.
 */
import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import * as responses from '../../lambda/model/responses';
import { CLIENT_REGISTRATIONS } from '../../lambda/model/provider/client';
import type { Structures } from './aws-responses';
import { schemaRef, type JsonSchema } from './json-schema';
import { requestMember } from './request-schemas';

type Members = Readonly<Record<string, JsonSchema>>;

/** The structures of responses, by their schemas. */
const STRUCTURES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(responses).map(([name, schema]) => [schema, name.replace(/(?:Description)?Schema$/, '')]),
);

/** Returns the response, and adds the structures that it consists of. */
export function responseSchema(response: v.GenericSchema, structures: Structures): JsonSchema {
  const schema = toJsonSchema(response, {
    target: 'draft-2020-12',
    overrideSchema({ valibotSchema, jsonSchema }) {
      const name = STRUCTURES.get(valibotSchema);
      if (name === undefined || valibotSchema === response || jsonSchema.type !== 'object') return undefined;
      structures.set(name, jsonSchema as JsonSchema);
      return schemaRef(name) as typeof jsonSchema;
    },
  });
  // The whole document states it.
  delete schema.$schema;
  return schema as JsonSchema;
}

/** The protected resource, the issuer with its metadata, and the origins that a credential provider is bound to. */
export const PROTECTED_RESOURCE = responseSchema(responses.ProtectedResourceSchema, new Map());

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

const agentMember = (member: string): JsonSchema =>
  requestMember('CreateGatewayTarget', 'targetConfiguration', 'http', 'agentcoreRuntime', member);

/** Present if the tools were fetched. */
const fetchedTools: Members = {
  tools: { type: 'string', description: 'the accepted tools that the server listed, as JSON' },
};

/** Members that this service adds to the AWS structures, or that have other values here, by the name of the shape. */
export const MEMBERS_BEYOND_AWS: Readonly<Record<string, Members>> = {
  CreateWorkloadIdentityResponse: { authorizerConfiguration },
  GetWorkloadIdentityResponse: { authorizerConfiguration },
  UpdateWorkloadIdentityResponse: { authorizerConfiguration },
  ConsentPortalSource: { type: { type: 'string', enum: ['workload-identity', 'agentcore-gateway'] } },
  CreateConsentPortalResponse: portal,
  GetConsentPortalResponse: portal,
  UpdateConsentPortalResponse: portal,
  CreateGatewayTargetResponse: fetchedTools,
  GetGatewayTargetResponse: fetchedTools,
  UpdateGatewayTargetResponse: fetchedTools,
  GatewayTarget: fetchedTools,
  RuntimeTargetConfiguration: {
    workloadIdentity: agentMember('workloadIdentity'),
    oauth2CallbackUrl: agentMember('oauth2CallbackUrl'),
  },
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
    grantedScopes: {
      type: 'array',
      items: { type: 'string' },
      description: 'if the provider granted other scopes than requested',
    },
    tokenType: { type: 'string', enum: ['DPoP'], description: 'absent for a bearer token' },
  },
};
