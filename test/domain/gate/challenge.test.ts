/** Challenges and metadata that tell OAuth clients what to do next. */
import {
  advertisedScopes,
  forwardedChallenge,
  insufficientScopeChallenge,
  unauthorizedChallenge,
} from '../../../lambda/domain/gate/challenge';
import { protectedResourceMetadata } from '../../../lambda/domain/gate/resource-metadata';
import { ProviderFailure } from '../../../lambda/domain/oauth/provider-failure';
import { invocationUrl } from '../../../lambda/domain/gate/agent-endpoint';
import { authorizerRefusals } from '../../../lambda/domain/gate/gate-refusals';
import { isMetadataPath } from '../../../lambda/domain/gate/addressee';
import { ARN, BY_IAM, BY_JWT, endpointOf, ISSUER } from './endpoints';

const METADATA = 'https://gate.example/prod/.well-known/oauth-protected-resource';
const scoped = {
  ...BY_JWT,
  allowedScopes: ['invoke', 'admin'],
  advertisedScopeMapping: { invoke: 'api://travel/invoke' },
};
const endpoint = endpointOf(BY_JWT);
const resourceWith = (inbound: typeof BY_JWT) => ({
  resource: invocationUrl(endpoint),
  name: endpoint.workloadName,
  inbound,
});

it('advertises scopes by the names that clients request', () => {
  expect(advertisedScopes(scoped)).toEqual(['api://travel/invoke', 'admin']);
  expect(advertisedScopes(BY_JWT)).toEqual([]);
});

it('challenges without the reason for the rejection', () => {
  expect(unauthorizedChallenge({ metadataUrl: METADATA, inbound: BY_JWT })).toBe(
    `Bearer error="invalid_token", resource_metadata="${METADATA}"`,
  );
  expect(unauthorizedChallenge({ metadataUrl: METADATA, inbound: scoped })).toBe(
    `Bearer error="invalid_token", resource_metadata="${METADATA}", scope="api://travel/invoke admin"`,
  );
});

it('names the required scopes if a token lacks only a scope', () => {
  expect(insufficientScopeChallenge({ metadataUrl: METADATA, inbound: scoped })).toBe(
    `Bearer error="insufficient_scope", scope="api://travel/invoke admin", resource_metadata="${METADATA}"`,
  );
});

describe("the MCP server's own challenge", () => {
  const at = endpointOf(scoped);
  const forwarded = (received: string, status = 403, endpoint = at) =>
    forwardedChallenge(endpoint, status, received);
  const server = 'resource_metadata="https://elsewhere.example/metadata"';

  it("names the endpoint's scopes too, and the endpoint's metadata", () => {
    expect(forwarded(`Bearer error="insufficient_scope", scope="trips:write admin", ${server}`)).toBe(
      `Bearer error="insufficient_scope", scope="api://travel/invoke admin trips:write", resource_metadata="${METADATA}"`,
    );
    expect(forwarded(`Bearer scope="a", error=insufficient_scope`, 403, endpointOf(BY_JWT))).toBe(
      `Bearer error="insufficient_scope", scope="a", resource_metadata="${METADATA}"`,
    );
  });

  it.each([
    ['of a 401', `Bearer error="insufficient_scope", scope="a"`, 401, at],
    ['with another error', `Bearer error="invalid_token", scope="a"`, 403, at],
    ['without scopes', `Bearer error="insufficient_scope", ${server}`, 403, at],
    ['with scopes that are not valid', `Bearer error="insufficient_scope", scope="a\\"b"`, 403, at],
    ['with a line break', `Bearer error="insufficient_scope", scope="a\r\nb"`, 403, at],
    ['that is too long', `Bearer error="insufficient_scope", scope="${'a'.repeat(2048)}"`, 403, at],
    ['at an endpoint with IAM', `Bearer error="insufficient_scope", scope="a"`, 403, endpointOf(BY_IAM)],
  ])('is not forwarded if it is one %s', (_what, received, status, endpoint) => {
    expect(forwarded(received, status, endpoint)).toBeUndefined();
  });
});

it('publishes the issuer of tokens for the endpoint, as its own metadata states it', async () => {
  const reader = (issuer: string) => ({ read: () => Promise.resolve({ issuer }) });
  expect(await protectedResourceMetadata(reader(`${ISSUER}/`), resourceWith(BY_JWT))).toEqual({
    resource: invocationUrl(endpoint),
    authorization_servers: [`${ISSUER}/`],
    bearer_methods_supported: ['header'],
    resource_name: 'travel-agent',
  });
  expect(await protectedResourceMetadata(reader(ISSUER), resourceWith(scoped))).toMatchObject({
    authorization_servers: [ISSUER],
    scopes_supported: ['api://travel/invoke', 'admin'],
  });
});

it('publishes no issuer while the metadata of the issuer are unavailable', async () => {
  const read = () => Promise.reject(new ProviderFailure('unreachable', 'no connection'));
  await expect(protectedResourceMetadata({ read }, resourceWith(BY_JWT))).rejects.toMatchObject({
    type: 'InternalServerException',
    detail: 'no connection',
  });
});

it.each([
  ['of the host', undefined, true],
  ["at the endpoint's path", `runtimes/${ARN}/invocations`, true],
  ["at the endpoint's encoded path", `runtimes/${encodeURIComponent(ARN)}/invocations`, true],
  ["at the endpoint's path with the stage", `prod/runtimes/${encodeURIComponent(ARN)}/invocations`, true],
  ['of another agent', `runtimes/${ARN}0/invocations`, false],
  ['below another path', `x/runtimes/${ARN}/invocations`, false],
  ['at a path that cannot be decoded', '%E0%A4%A', false],
])('recognizes the URL of the metadata %s', (_where, path, its) => {
  expect(isMetadataPath(endpoint, path)).toBe(its);
});

describe('errors from API Gateway', () => {
  it('contain a challenge if the client can get another token', () => {
    expect(authorizerRefusals(endpoint, scoped)).toMatchObject({
      UNAUTHORIZED: {
        type: 'UnauthorizedException',
        wwwAuthenticate: unauthorizedChallenge({ metadataUrl: METADATA, inbound: scoped }),
      },
      ACCESS_DENIED: {
        type: 'AccessDeniedException',
        message: expect.stringContaining('api://travel/invoke admin') as string,
        wwwAuthenticate: insufficientScopeChallenge({ metadataUrl: METADATA, inbound: scoped }),
      },
      AUTHORIZER_FAILURE: { type: 'InternalServerException' },
    });
    expect(authorizerRefusals(endpoint, scoped).AUTHORIZER_FAILURE).not.toHaveProperty('wwwAuthenticate');
  });

  it('contain no challenge for a scope if the endpoint requires none', () => {
    const { ACCESS_DENIED } = authorizerRefusals(endpoint, BY_JWT);
    expect(ACCESS_DENIED).not.toHaveProperty('wwwAuthenticate');
  });

  it('never contain "expired", which clients read as an expired workload access token', () => {
    expect(JSON.stringify(authorizerRefusals(endpoint, scoped))).not.toContain('expired');
  });
});
