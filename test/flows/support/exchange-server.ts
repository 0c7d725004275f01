/**
 * A real authorization server (`oidc-provider`) that exchanges user tokens: it verifies the user, the audience, the actor,
 * and the request, and responds by the standards (RFC 8693, RFC 7523) or as a test specifies.
 */
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose';
import { errors, type Configuration, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import type { TestIssuer } from './issuer';
import { startProvider, type Extension, type TestProvider } from './provider';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
const JWT_TYPE = `${TOKEN_TYPE}jwt`;
const ACCESS_TOKEN_TYPE = `${TOKEN_TYPE}access_token`;

/** The only resource for which the server issues tokens, except for its own. */
export const RESOURCE = 'https://calendar.example';

/** The scope that an access token must have to prove an actor. */
export const ACTOR_SCOPE = 'act';

/** Lifetime of an exchanged token in seconds. */
export const LIFETIME = 600;

export interface ExchangeServer extends TestProvider {
  /** The required kind of actor. */
  actor: 'NONE' | 'M2M' | 'AWS_IAM_ID_TOKEN_JWT';
  /** The issuer of AWS tokens that prove an actor. */
  actorIssuer: string | undefined;
  /** The accepted `subject_token_type`. */
  subjectTokenType: 'jwt' | 'access_token';
  /** Whether the client must state the use of the token, as at Microsoft. */
  wantsTokenUse: boolean;
  /** Members that differ in every exchange response; `undefined` removes one. */
  answer: Readonly<Record<string, unknown>>;
  /** Issued grants, with client, user, and actor. */
  readonly given: { readonly subject: string; readonly actor: unknown; readonly scope: string }[];
}

/** A parameter that must not be repeated. */
const one = (ctx: KoaContextWithOIDC, name: string): string | undefined => {
  const value = ctx.oidc.params?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const many = (ctx: KoaContextWithOIDC, name: string): string[] =>
  [ctx.oidc.params?.[name] ?? []].flat().map(String);

const wordsOf = (scope: unknown): string[] => (typeof scope === 'string' ? scope.split(' ') : []);

/**
 * @param users issuer of the user tokens; this client can exchange tokens for its audience
 * @param behind returns the address of a proxy in front of the server, which is then its issuer
 */
export async function startExchangeServer(
  users: Pick<TestIssuer, 'issuer' | 'audience'>,
  extra: Configuration = {},
  behind?: Extension['behind'],
): Promise<ExchangeServer> {
  const userKeys = createRemoteJWKSet(new URL(`${users.issuer}/jwks`));

  /** For a bad subject token, RFC 8693 section 2.2.2 requires `invalid_request`, and RFC 7523 section 3.1 `invalid_grant`. */
  async function subjectOf(token: string | undefined, refuse: (why: string) => Error): Promise<JWTPayload> {
    if (token === undefined) throw refuse('no token of the user');
    try {
      const expected = { issuer: users.issuer, audience: users.audience, currentDate: new Date(Date.now()) };
      return (await jwtVerify(token, userKeys, expected)).payload;
    } catch {
      throw refuse('not a token of a user that this client may present');
    }
  }

  async function actorOf(ctx: KoaContextWithOIDC, provider: Provider): Promise<unknown> {
    const refuse = (why: string) => new errors.InvalidRequest(`actor: ${why}`);
    const [token, type] = [one(ctx, 'actor_token'), one(ctx, 'actor_token_type')];
    if ((token === undefined) !== (type === undefined)) throw refuse('token and type go together');
    const wanted = { NONE: undefined, M2M: ACCESS_TOKEN_TYPE, AWS_IAM_ID_TOKEN_JWT: JWT_TYPE }[server.actor];
    if (type !== wanted) throw refuse(`${wanted ?? 'none'} is wanted`);
    if (token === undefined) return undefined;
    if (type === ACCESS_TOKEN_TYPE) {
      const known = await provider.ClientCredentials.find(token);
      if (!known?.isValid || known.clientId !== ctx.oidc.client?.clientId) throw refuse('unknown token');
      if (!wordsOf(known.scope).includes(ACTOR_SCOPE)) throw refuse('its token has not the scope');
      return { sub: known.clientId };
    }
    if (!server.actorIssuer) throw refuse('no issuer is trusted');
    const keys = createRemoteJWKSet(new URL(`${server.actorIssuer}/.well-known/jwks.json`));
    const audience = `${server.issuer}/token`;
    const expected = { issuer: server.actorIssuer, audience, currentDate: new Date(Date.now()) };
    try {
      return (await jwtVerify(token, keys, expected)).payload;
    } catch {
      throw refuse('not a token of AWS for this server');
    }
  }

  function scopeOf(ctx: KoaContextWithOIDC, subject: JWTPayload): string {
    const held = wordsOf(subject.scope);
    const asked = wordsOf(one(ctx, 'scope'));
    if (!asked.every((scope) => held.includes(scope))) {
      throw new errors.InvalidScope("more than the user's token has", asked.join(' '));
    }
    return (asked.length > 0 ? asked : held).join(' ');
  }

  function checkTarget(ctx: KoaContextWithOIDC): void {
    const targets = [...many(ctx, 'resource'), ...many(ctx, 'audience')];
    if (!targets.every((target) => target === RESOURCE)) throw new errors.InvalidTarget();
  }

  async function give(
    ctx: KoaContextWithOIDC,
    provider: Provider,
    { sub = '', ...subject }: JWTPayload,
    actor: unknown,
  ): Promise<void> {
    const scope = scopeOf(ctx, subject);
    checkTarget(ctx);
    const { client } = ctx.oidc;
    if (!client) throw new errors.InvalidClient('no client');
    const token = new provider.AccessToken({ accountId: sub, client, scope } as never);
    (token as unknown as { expiresIn: number }).expiresIn = LIFETIME;
    server.given.push({ subject: sub, actor, scope });
    const answer = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN_TYPE,
      token_type: 'Bearer',
      expires_in: LIFETIME,
      scope,
      ...server.answer,
    };
    ctx.body = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== undefined));
  }

  const prepare = (provider: Provider): void => {
    provider.registerGrantType(
      TOKEN_EXCHANGE,
      async (ctx) => {
        const refuse = (why: string) => new errors.InvalidRequest(why);
        const wanted = `${TOKEN_TYPE}${server.subjectTokenType}`;
        if (one(ctx, 'subject_token_type') !== wanted) throw refuse(`only ${wanted} is supported`);
        const subject = await subjectOf(one(ctx, 'subject_token'), refuse);
        await give(ctx, provider, subject, await actorOf(ctx, provider));
      },
      [
        'subject_token',
        'subject_token_type',
        'actor_token',
        'actor_token_type',
        'requested_token_type',
        'scope',
        'resource',
        'audience',
      ],
      ['resource', 'audience'],
    );
    provider.registerGrantType(
      JWT_BEARER,
      async (ctx) => {
        const subject = await subjectOf(one(ctx, 'assertion'), (why) => new errors.InvalidGrant(why));
        if (server.wantsTokenUse && one(ctx, 'requested_token_use') !== 'on_behalf_of') {
          throw new errors.InvalidRequest('requested_token_use');
        }
        await give(ctx, provider, subject, undefined);
      },
      ['assertion', 'requested_token_use', 'scope', 'resource', 'audience'],
      ['resource', 'audience'],
    );
  };

  const started = await startProvider(extra, {
    prepare,
    grantTypes: [TOKEN_EXCHANGE, JWT_BEARER],
    scopes: [ACTOR_SCOPE],
    ...(behind && { behind }),
  });
  // The same object that was started, so that a test's settings apply to it.
  const own: Omit<ExchangeServer, keyof TestProvider> = {
    actor: 'NONE',
    actorIssuer: undefined,
    subjectTokenType: 'jwt',
    wantsTokenUse: false,
    answer: {},
    given: [],
  };
  const server: ExchangeServer = Object.assign(started, own);
  return server;
}
