/** The on-behalf-of configuration of a provider: what is stored. */
import * as v from 'valibot';
import {
  OnBehalfOfSchema,
  type OnBehalfOfConfig,
  type SubjectTokenType,
} from '../../lambda/model/provider/on-behalf-of';
import { resolveOnBehalfOf, type OnBehalfOfInput } from '../../lambda/domain/provider/on-behalf-of';

const exchange = (
  actorTokenContent: 'NONE' | 'M2M' | 'AWS_IAM_ID_TOKEN_JWT',
  actorTokenScopes?: string[],
) => ({
  grantType: 'TOKEN_EXCHANGE' as const,
  tokenExchangeGrantTypeConfig: { actorTokenContent, ...(actorTokenScopes && { actorTokenScopes }) },
});
const sentAs = (subjectTokenType: SubjectTokenType) => ({
  grantType: 'TOKEN_EXCHANGE' as const,
  tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE' as const, subjectTokenType },
});
const JWT_GRANT: OnBehalfOfConfig = { grantType: 'JWT_AUTHORIZATION_GRANT' };
const ASSERTION: OnBehalfOfConfig = {
  grantType: 'IDENTITY_ASSERTION',
  identityAssertionConfig: { credentialProviderName: 'identity-provider' },
};
const WITHOUT_CLIENT = {
  onBehalfOfAuthenticationConfig: { clientAuthenticationMethod: 'NO_CLIENT' as const },
};

describe('the configuration', () => {
  it.each<[string, OnBehalfOfInput, OnBehalfOfConfig]>([
    ['no actor if none is given', { grantType: 'TOKEN_EXCHANGE' }, exchange('NONE')],
    ['no actor if NONE is given', exchange('NONE'), exchange('NONE')],
    ['an actor without scopes', exchange('M2M'), exchange('M2M')],
    ['an actor with scopes', exchange('M2M', ['act']), exchange('M2M', ['act'])],
    ['an AWS token as the actor', exchange('AWS_IAM_ID_TOKEN_JWT'), exchange('AWS_IAM_ID_TOKEN_JWT')],
    ['a grant type that has no actor', JWT_GRANT, JWT_GRANT],
    ['the provider of identity assertions', ASSERTION, ASSERTION],
    ['the type of the subject token', sentAs('JWT'), sentAs('JWT')],
    [
      'a token exchange without a client',
      { ...exchange('M2M'), ...WITHOUT_CLIENT },
      { ...exchange('M2M'), ...WITHOUT_CLIENT },
    ],
    [
      'a JWT grant without a client',
      { ...JWT_GRANT, ...WITHOUT_CLIENT },
      { ...JWT_GRANT, ...WITHOUT_CLIENT },
    ],
  ])('is stored with %s', (_what, given, kept) => {
    expect(resolveOnBehalfOf('config', given)).toStrictEqual(kept);
  });

  it.each<[string, OnBehalfOfInput, string, string]>([
    [
      'an actor for a grant type that has none',
      { ...exchange('NONE'), grantType: 'JWT_AUTHORIZATION_GRANT' },
      'config.tokenExchangeGrantTypeConfig',
      'must be omitted unless config.grantType is TOKEN_EXCHANGE',
    ],
    [
      'an identity assertion of no provider',
      { grantType: 'IDENTITY_ASSERTION' },
      'config.identityAssertionConfig',
      'is required for IDENTITY_ASSERTION',
    ],
    [
      'an identity assertion for another grant type',
      { ...ASSERTION, grantType: 'JWT_AUTHORIZATION_GRANT' },
      'config.identityAssertionConfig',
      'must be omitted unless config.grantType is IDENTITY_ASSERTION',
    ],
    [
      'scopes without an actor token',
      exchange('NONE', ['act']),
      'config.tokenExchangeGrantTypeConfig.actorTokenScopes',
      'must be omitted unless config.tokenExchangeGrantTypeConfig.actorTokenContent is M2M: no other actor token has scopes',
    ],
    [
      'scopes for an actor token that has no scopes',
      exchange('AWS_IAM_ID_TOKEN_JWT', []),
      'config.tokenExchangeGrantTypeConfig.actorTokenScopes',
      'must be omitted unless config.tokenExchangeGrantTypeConfig.actorTokenContent is M2M: no other actor token has scopes',
    ],
  ])('is rejected with %s', (_what, given, name, message) => {
    expect(() => resolveOnBehalfOf('config', given)).toThrow(
      expect.objectContaining({ name: 'ValidationException', fieldList: [{ name, message }] }) as Error,
    );
  });
});

it('has no client authentication for an identity assertion, in the type and in the record', () => {
  // @ts-expect-error the assertion names the client that must authenticate
  const config: OnBehalfOfConfig = { ...ASSERTION, ...WITHOUT_CLIENT };
  expect(v.is(OnBehalfOfSchema, config)).toBe(false);
  expect(v.is(OnBehalfOfSchema, ASSERTION)).toBe(true);
});
