/** What clients are told to do next, in the words that OAuth clients read. */
import {
  advertisedScopes,
  insufficientScopeChallenge,
  unauthorizedChallenge,
} from '../../../lambda/domain/gate/challenge';
import { protectedResourceMetadata } from '../../../lambda/domain/gate/protected-resource';
import { invocationUrl } from '../../../lambda/domain/gate/agent-endpoint';
import { authorizerRefusals } from '../../../lambda/contract/gate-refusals';
import { isMetadataPath } from '../../../lambda/domain/gate/addressee';
import { ARN, BY_JWT, endpointOf, ISSUER } from './endpoints';

const METADATA = 'https://gate.example/prod/.well-known/oauth-protected-resource';
const scoped = {
  ...BY_JWT,
  allowedScopes: ['invoke', 'admin'],
  advertisedScopeMapping: { invoke: 'api://travel/invoke' },
};
const endpoint = endpointOf(BY_JWT);

it('advertises scopes by the names that clients ask for', () => {
  expect(advertisedScopes(scoped)).toEqual(['api://travel/invoke', 'admin']);
  expect(advertisedScopes(BY_JWT)).toEqual([]);
});

it('challenges without a word of what was wrong', () => {
  expect(unauthorizedChallenge(endpoint, BY_JWT)).toBe(
    `Bearer error="invalid_token", resource_metadata="${METADATA}"`,
  );
  expect(unauthorizedChallenge(endpoint, scoped)).toBe(
    `Bearer error="invalid_token", resource_metadata="${METADATA}", scope="api://travel/invoke admin"`,
  );
});

it('names the scopes to a token that lacks nothing else', () => {
  expect(insufficientScopeChallenge(endpoint, scoped)).toBe(
    `Bearer error="insufficient_scope", scope="api://travel/invoke admin", resource_metadata="${METADATA}"`,
  );
});

it('publishes who issues tokens for the endpoint', () => {
  expect(protectedResourceMetadata(endpoint, BY_JWT)).toEqual({
    resource: invocationUrl(endpoint),
    authorization_servers: [ISSUER],
    bearer_methods_supported: ['header'],
    resource_name: 'travel-agent',
  });
  expect(protectedResourceMetadata(endpoint, scoped)).toMatchObject({
    scopes_supported: ['api://travel/invoke', 'admin'],
  });
});

it.each([
  ['of the host', undefined, true],
  ['at its own path', `runtimes/${ARN}/invocations`, true],
  ['at its own path, encoded', `runtimes/${encodeURIComponent(ARN)}/invocations`, true],
  ['at its own path with the stage', `prod/runtimes/${encodeURIComponent(ARN)}/invocations`, true],
  ['of another agent', `runtimes/${ARN}0/invocations`, false],
  ['somewhere below', `x/runtimes/${ARN}/invocations`, false],
  ['at what does not decode', '%E0%A4%A', false],
])('is asked for the metadata %s', (_where, path, its) => {
  expect(isMetadataPath(endpoint, path)).toBe(its);
});

describe("the gateway's refusals", () => {
  it('challenge where a client can do something', () => {
    expect(authorizerRefusals(endpoint, scoped)).toMatchObject({
      UNAUTHORIZED: {
        type: 'UnauthorizedException',
        wwwAuthenticate: unauthorizedChallenge(endpoint, scoped),
      },
      ACCESS_DENIED: {
        type: 'AccessDeniedException',
        message: expect.stringContaining('api://travel/invoke admin') as string,
        wwwAuthenticate: insufficientScopeChallenge(endpoint, scoped),
      },
      AUTHORIZER_FAILURE: { type: 'InternalServerException' },
    });
    expect(authorizerRefusals(endpoint, scoped).AUTHORIZER_FAILURE).not.toHaveProperty('wwwAuthenticate');
  });

  it('do not send for a scope where none is asked for', () => {
    const { ACCESS_DENIED } = authorizerRefusals(endpoint, BY_JWT);
    expect(ACCESS_DENIED).not.toHaveProperty('wwwAuthenticate');
  });

  it('never say "expired", which clients take for a workload access token\'s end', () => {
    expect(JSON.stringify(authorizerRefusals(endpoint, scoped))).not.toContain('expired');
  });
});
