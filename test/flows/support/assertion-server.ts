/**
 * Cross-app access by draft-ietf-oauth-identity-assertion-authz-grant-04, with strict servers: an identity provider that
 * exchanges ID tokens for identity assertions, and the authorization server of a resource that redeems each once.
 */
import { createRemoteJWKSet, decodeJwt, jwtVerify, type JWTPayload } from 'jose';
import { randomUUID } from 'node:crypto';
import { errors, type Configuration, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import type { TestIssuer } from './issuer';
import { startProvider, type Extension, type TestProvider } from './provider';

const TYPE = 'urn:ietf:params:oauth:token-type:';
export const ID_JAG_TYP = 'oauth-id-jag+jwt';

/** The client at the identity provider. */
export const CLIENT = { clientId: 'assistant-at-idp', clientSecret: 'secret-of-the-assistant-at-idp' };

export interface IdentityProvider {
  /** Every request for an assertion. */
  readonly requests: Record<string, string>[];
  /** Claims with other values in the next assertions; `undefined` removes one. */
  claims: Readonly<Record<string, unknown>>;
  /** Header `typ` of the next assertions. */
  typ: string;
  /** Members of the response with other values. */
  answer: object;
  /** The client of each resource's authorization server, by its issuer. */
  readonly clients: Map<string, string>;
}

/** Has the issuer of ID tokens exchange them. */
export function exchangeIdTokens(users: TestIssuer): IdentityProvider {
  const keys = createRemoteJWKSet(new URL(`${users.issuer}/jwks`));
  const identityProvider: IdentityProvider = {
    requests: [],
    claims: {},
    typ: ID_JAG_TYP,
    answer: {},
    clients: new Map(),
  };
  users.tokenResponse = async (form) => {
    const request = Object.fromEntries(form);
    identityProvider.requests.push(request);
    const refused = (error: string) => ({ status: 400, body: { error } });
    if (request.client_id !== CLIENT.clientId || request.client_secret !== CLIENT.clientSecret) {
      return { status: 401, body: { error: 'invalid_client' } };
    }
    if (request.grant_type !== 'urn:ietf:params:oauth:grant-type:token-exchange') {
      return refused('unsupported_grant_type');
    }
    if (request.requested_token_type !== `${TYPE}id-jag`) return refused('invalid_request');
    if (request.subject_token_type !== `${TYPE}id_token`) return refused('invalid_request');
    const { audience = '' } = request;
    const client = identityProvider.clients.get(audience);
    if (client === undefined || form.getAll('audience').length > 1) return refused('invalid_target');
    const expected = {
      issuer: users.issuer,
      audience: CLIENT.clientId,
      currentDate: new Date(Date.now()),
    };
    const subject = await jwtVerify(request.subject_token ?? '', keys, expected).catch(() => undefined);
    if (!subject) return refused('invalid_grant');
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      aud: audience,
      client_id: client,
      jti: randomUUID(),
      exp: now + 300,
      scope: request.scope,
      resource: request.resource,
      ...identityProvider.claims,
    };
    return {
      body: {
        issued_token_type: `${TYPE}id-jag`,
        access_token: await users.token(subject.payload.sub ?? '', claims, { typ: identityProvider.typ }),
        token_type: 'N_A',
        expires_in: 300,
        ...identityProvider.answer,
      },
    };
  };
  return identityProvider;
}

const wordsOf = (scope: unknown): string[] => (typeof scope === 'string' ? scope.split(' ') : []);

/**
 * Starts an authorization server that accepts the assertions of this identity provider.
 *
 * @param behind returns the address of a proxy in front of the server, which is then its issuer
 */
export async function startAssertionServer(
  users: TestIssuer,
  extra: Configuration = {},
  behind?: Extension['behind'],
): Promise<TestProvider> {
  const keys = createRemoteJWKSet(new URL(`${users.issuer}/jwks`));
  const redeemed = new Set<string>();

  async function assertedBy(assertion: string, issuer: string, client: string): Promise<JWTPayload> {
    const refuse = (why: string) => new errors.InvalidGrant(why);
    const expected = {
      issuer: users.issuer,
      typ: ID_JAG_TYP,
      requiredClaims: ['sub', 'jti', 'exp', 'iat', 'client_id'],
      currentDate: new Date(Date.now()),
    };
    const verified = await jwtVerify(assertion, keys, expected).catch(() => undefined);
    if (!verified) throw refuse('not an assertion of the identity provider');
    const { aud, client_id: named, jti = '' } = verified.payload;
    if ([aud].flat().join() !== issuer) throw refuse('for another audience');
    if (named !== client) throw refuse('for another client');
    if (redeemed.has(jti)) throw refuse('redeemed before');
    redeemed.add(jti);
    return verified.payload;
  }

  const prepare = (provider: Provider): void => {
    provider.registerGrantType(
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      async (ctx: KoaContextWithOIDC) => {
        const { client, params = {} } = ctx.oidc;
        if (!client) throw new errors.InvalidClient('no client');
        const payload = await assertedBy(String(params.assertion), provider.issuer, client.clientId);
        const scope = wordsOf(params.scope ?? payload.scope);
        if (!scope.every((one) => wordsOf(payload.scope).includes(one)))
          throw new errors.InvalidScope('too wide', '');
        const token = new provider.AccessToken({
          accountId: payload.sub ?? '',
          client,
          scope: scope.join(' '),
        } as never);
        ctx.body = {
          access_token: await token.save(),
          token_type: 'Bearer',
          expires_in: 600,
          scope: scope.join(' '),
        };
      },
      ['assertion', 'scope'],
    );
  };
  return startProvider(
    { clientDefaults: { token_endpoint_auth_method: 'client_secret_basic' }, ...extra },
    {
      prepare,
      grantTypes: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
      ...(behind && { behind }),
    },
  );
}

/** The claims of the assertion in a token request. */
export const assertionIn = (request: URLSearchParams | undefined): JWTPayload =>
  decodeJwt(request?.get('assertion') ?? '');
