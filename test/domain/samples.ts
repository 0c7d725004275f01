/** Sample records, each with its own ID. Tests change the members that they test. */
import { randomUUID } from 'node:crypto';
import type { Session } from '../../lambda/model/records/consent-session';
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import { hashOf } from '../../lambda/domain/digest';
import type { WorkloadIdentity } from '../../lambda/model/records/workload-identity';
import { workloadIdentityArn } from '../../lambda/domain/identity/workload-identity';
import { consentPortalArn } from '../../lambda/domain/portal/consent-portal';
import type { ConsentPortal } from '../../lambda/model/records/consent-portal';
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import { oauth2ProviderArn } from '../../lambda/domain/provider/oauth2-provider';
import { grantTarget } from '../../lambda/domain/grant/grant';
import type { GrantDetails, GrantTokens } from '../../lambda/model/records/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import { BEGINNING } from './fake-system';

export const ARN_PREFIX = 'arn:aws:bedrock-agentcore:eu-central-1:123456789012';
export const OWNER = 'arn:aws:iam::123456789012:role/operator';
export const ISSUER = 'https://identity.example';

export function sampleIdentity(change: Partial<WorkloadIdentity> = {}): WorkloadIdentity {
  const name = `agent-${randomUUID()}`;
  return {
    name,
    id: randomUUID(),
    arn: workloadIdentityArn(ARN_PREFIX, name),
    owner: OWNER,
    allowedResourceOauth2ReturnUrls: ['https://app.example/back'],
    tags: { team: 'calendar' },
    authorizerConfiguration: {
      customJWTAuthorizer: {
        discoveryUrl: 'https://issuer.example/.well-known/openid-configuration',
        allowedAudience: ['https://assistant.example'],
        customClaims: [
          {
            inboundTokenClaimName: 'roles',
            inboundTokenClaimValueType: 'STRING_ARRAY',
            authorizingClaimMatchValue: {
              claimMatchOperator: 'CONTAINS_ANY',
              claimMatchValue: { matchValueStringList: ['dev', 'ops'] },
            },
          },
        ],
      },
    },
    revision: 1,
    createdTime: BEGINNING,
    lastUpdatedTime: BEGINNING,
    ...change,
  };
}

export function sampleProvider(change: Partial<Oauth2Provider> = {}): Oauth2Provider {
  const name = `provider-${randomUUID()}`;
  return {
    name,
    id: randomUUID(),
    arn: oauth2ProviderArn(ARN_PREFIX, name),
    owner: OWNER,
    vendor: 'CustomOauth2',
    callbackId: randomUUID(),
    clientId: 'agents',
    clientAuthenticationMethod: 'CLIENT_SECRET_BASIC',
    discovery: { discoveryUrl: 'https://provider.example/.well-known/openid-configuration' },
    tags: {},
    revision: 1,
    createdTime: BEGINNING,
    lastUpdatedTime: BEGINNING,
    ...change,
  };
}

export function samplePortal(change: Partial<ConsentPortal> = {}): ConsentPortal {
  const name = `portal-${randomUUID()}`;
  const id = `${name}-${randomUUID().replaceAll('-', '').slice(0, 10)}`;
  return {
    name,
    id,
    arn: consentPortalArn(ARN_PREFIX, id),
    owner: OWNER,
    description: 'Connections of the assistants',
    executionRoleArn: 'arn:aws:iam::123456789012:role/portal',
    sources: [{ type: 'workload-identity', identifier: 'agent' }],
    idpConfig: {
      credentialProviderArn: oauth2ProviderArn(ARN_PREFIX, 'sign-in'),
      scopes: ['profile'],
      audience: 'https://portal.example',
    },
    branding: { name: 'Example', color: '#aabbcc', logo: 'data:image/png;base64,AA==' },
    connections: [
      {
        workloadName: 'agent',
        credentialProviderName: 'calendar',
        scopes: ['read'],
        customParameters: { prompt: 'consent' },
        purpose: 'Read your calendar',
      },
    ],
    resources: [{ arn: 'arn:of:agent', id: 'agent-id' }],
    status: 'CREATING',
    configurationRevision: 1,
    tags: {},
    revision: 1,
    createdTime: BEGINNING,
    lastUpdatedTime: BEGINNING,
    ...change,
  };
}

export const sampleGrantId = (): GrantId => ({
  workloadId: randomUUID(),
  userHash: hashOf(randomUUID()),
  target: grantTarget({
    flow: 'USER_FEDERATION',
    providerName: 'calendar',
    resources: [],
    audiences: [],
    scopes: [],
  }),
});

export const sampleDetails = (change: Partial<GrantDetails> = {}): GrantDetails => ({
  workloadName: 'agent',
  resources: [],
  audiences: [],
  ...change,
});

export const sampleTokens = (change: Partial<GrantTokens> = {}): GrantTokens => ({
  sealed: `sealed-${randomUUID()}`,
  scopes: ['a'],
  requestedScopes: ['a', 'b'],
  expiresAt: BEGINNING + 3600,
  obtainedAt: BEGINNING,
  refreshable: true,
  client: hashOf('agents at provider.example'),
  ...change,
});

export function sampleSession(change: Partial<Session> = {}): Session {
  const { workloadId, userHash, target } = sampleGrantId();
  return {
    hash: hashOf(randomUUID()),
    state: 'CREATED',
    revision: 1,
    createdAt: BEGINNING,
    expiresAt: BEGINNING + SESSION_LIFETIME,
    workload: {
      name: 'agent',
      id: workloadId,
      arn: workloadIdentityArn(ARN_PREFIX, 'agent'),
      displayName: 'agent',
    },
    userHash,
    provider: { name: 'calendar', id: randomUUID(), displayName: 'calendar' },
    target,
    epoch: 0,
    forceAuthentication: true,
    scopes: ['a', 'b'],
    resources: ['https://calendar.example'],
    audiences: [],
    returnUrl: 'https://app.example/back',
    authorization: {
      endpoint: 'https://provider.example/authorize',
      issuer: 'https://provider.example',
      issuerInResponse: true,
      clientId: 'agents',
      client: hashOf('agents at provider.example'),
      callbackId: randomUUID(),
      scopeSeparator: ' ',
      pkce: true,
      pushed: true,
      parameters: {},
    },
    sealedRequest: 'sealed-request',
    ...change,
  };
}
