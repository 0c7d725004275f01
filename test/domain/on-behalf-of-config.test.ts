/** A provider's on-behalf-of configuration: what is kept of it, and who may change it. */
import {
  checkOnBehalfOfChange,
  resolveOnBehalfOf,
  type OnBehalfOfChange,
  type OnBehalfOfInput,
} from '../../lambda/domain/provider/on-behalf-of';
import {
  type OnBehalfOfConfig,
  type SubjectTokenType,
} from '../../lambda/domain/provider/on-behalf-of-config';

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

describe('what is kept', () => {
  it.each<[string, OnBehalfOfInput, OnBehalfOfConfig]>([
    ['no actor where none is named', { grantType: 'TOKEN_EXCHANGE' }, exchange('NONE')],
    ['no actor where that is said', exchange('NONE'), exchange('NONE')],
    ['an actor without scopes', exchange('M2M'), exchange('M2M')],
    ['an actor with scopes', exchange('M2M', ['act']), exchange('M2M', ['act'])],
    ["AWS's word for the actor", exchange('AWS_IAM_ID_TOKEN_JWT'), exchange('AWS_IAM_ID_TOKEN_JWT')],
    ['a grant that has no actor', JWT_GRANT, JWT_GRANT],
    ['the type of the subject token', sentAs('JWT'), sentAs('JWT')],
  ])('is %s', (_what, given, kept) => {
    expect(resolveOnBehalfOf('config', given)).toStrictEqual(kept);
  });

  it.each<[string, OnBehalfOfInput, string, string]>([
    [
      'an actor in a grant that has none',
      { ...exchange('NONE'), grantType: 'JWT_AUTHORIZATION_GRANT' },
      'config.tokenExchangeGrantTypeConfig',
      'must be omitted unless config.grantType is TOKEN_EXCHANGE',
    ],
    [
      'scopes of no token',
      exchange('NONE', ['act']),
      'config.tokenExchangeGrantTypeConfig.actorTokenScopes',
      'must be omitted unless config.tokenExchangeGrantTypeConfig.actorTokenContent is M2M: no other actor token has scopes',
    ],
    [
      'scopes of a token that has none',
      exchange('AWS_IAM_ID_TOKEN_JWT', []),
      'config.tokenExchangeGrantTypeConfig.actorTokenScopes',
      'must be omitted unless config.tokenExchangeGrantTypeConfig.actorTokenContent is M2M: no other actor token has scopes',
    ],
  ])('is never %s', (_what, given, name, message) => {
    expect(() => resolveOnBehalfOf('config', given)).toThrow(
      expect.objectContaining({ name: 'ValidationException', fieldList: [{ name, message }] }) as Error,
    );
  });
});

describe('a change', () => {
  const change: OnBehalfOfChange = {
    byOwner: false,
    before: exchange('M2M', ['act']),
    after: exchange('M2M', ['act']),
    sameServer: true,
  };
  const refused = expect.objectContaining({
    name: 'AccessDeniedException',
    message: expect.stringContaining('Only the owner') as string,
    detail: 'on-behalf-of exchange configured by another principal than the owner',
  }) as Error;

  it.each<[string, Partial<OnBehalfOfChange>]>([
    ['nothing', {}],
    ['what is no longer sent', { after: undefined }],
    ['what is not sent, nor was', { before: undefined, after: undefined, sameServer: false }],
    ['the server, with no exchange there', { after: undefined, sameServer: false }],
    ['anything, by the owner', { byOwner: true, before: undefined, sameServer: false }],
  ])('of %s is let be', (_what, part) => {
    expect(() => {
      checkOnBehalfOfChange({ ...change, ...part });
    }).not.toThrow();
  });

  it.each<[string, Partial<OnBehalfOfChange>]>([
    ['the server', { sameServer: false }],
    ["the actor's scopes", { after: exchange('M2M') }],
    ['the grant', { after: JWT_GRANT }],
    ['the type of the subject token', { before: sentAs('ACCESS_TOKEN'), after: sentAs('JWT') }],
    ['what was not sent before', { before: undefined }],
  ])("of %s is the owner's alone", (_what, part) => {
    expect(() => {
      checkOnBehalfOfChange({ ...change, ...part });
    }).toThrow(refused);
  });
});
