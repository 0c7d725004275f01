/**
 * A real authorization server without settings of this project: `oidc-provider` with its own defaults and
 * its own sign-in and consent pages, on an ephemeral loopback port. It records issued tokens, so that a test
 * can search for them.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Provider, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import type { Browser, Page } from './browser';
import type { IssuedCertificate } from './certificates';
import { hostOf } from './private-address';

export interface TokenExchange {
  readonly grantType: string | null;
  readonly request: URLSearchParams;
  readonly status: number;
  readonly answer: Record<string, unknown>;
}

/** A pushed authorization request (RFC 9126), with its answer. */
export interface Push {
  readonly parameters: URLSearchParams;
  /** Scheme of the client authentication. */
  readonly scheme: string | undefined;
  readonly status: number;
  readonly requestUri: unknown;
}

export interface TestProvider {
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Allows this redirect URI, which is known only after the credential provider is created. */
  allowRedirect(uri: string): void;
  /** Every request to the token endpoint, with its response. */
  readonly exchanges: TokenExchange[];
  /** Pushed authorization requests, in order. */
  readonly pushes: Push[];
  /** The parameters of the authorization request at the URL that a browser is redirected to, pushed or not. */
  requestAt(location: string | null): URLSearchParams;
  /** Changes the behavior of the token endpoint while it is set. */
  tokenEndpoint: TokenEndpointBehavior | undefined;
  close(): Promise<void>;
}

/** Middleware of oidc-provider, which can run before, after, or instead of its own. */
export type TokenEndpointBehavior = (ctx: KoaContextWithOIDC, next: () => Promise<void>) => Promise<void>;

const read = async (stream: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

/** Reads the body, and stores it where oidc-provider expects a parsed body. */
const readBody = async (req: IncomingMessage): Promise<string> => {
  const body = await read(req);
  (req as IncomingMessage & { body?: unknown }).body = body;
  return body;
};

function recordPushes(provider: Provider): Push[] {
  const pushes: Push[] = [];
  provider.use(async (ctx, next) => {
    if (ctx.path !== '/request') {
      await next();
      return;
    }
    const parameters = new URLSearchParams(await readBody(ctx.req));
    await next();
    const [scheme] = (ctx.req.headers.authorization ?? '').split(' ');
    const { request_uri: requestUri } = ctx.body as Record<string, unknown>;
    pushes.push({ parameters, scheme, status: ctx.status, requestUri });
  });
  return pushes;
}

// In Jest, structuredClone is of another realm, and oidc-provider does not accept its objects as plain objects.
globalThis.structuredClone = <Value>(value: Value): Value =>
  value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value);

/** Options of a test's provider that its configuration does not have. */
export interface Extension {
  /** Grant types of the client. */
  readonly grantTypes?: readonly string[];
  /** Additional scopes. */
  readonly scopes?: readonly string[];
  /** The server's certificate, for a provider at an https URL. */
  readonly certificate?: IssuedCertificate;
  /** The address that the server listens on; by default, 127.0.0.1. */
  readonly address?: string;
  /** Whether the server accepts the redirect URIs of its clients only, instead of those that a test allows. */
  readonly ownRedirects?: true;
  /** Called with the provider before it accepts requests. */
  readonly prepare?: (provider: Provider) => void;
  /** Returns the address of a proxy in front of the server, which is then its issuer. */
  readonly behind?: (address: string) => Promise<string>;
}

const answerPlainly: TokenEndpointBehavior = (_ctx, next) => next();

export async function startProvider(
  extra: Configuration = {},
  extension: Extension = {},
): Promise<TestProvider> {
  const { certificate, address: listensOn = '127.0.0.1' } = extension;
  const server = certificate ? createTlsServer({ ...certificate }) : createServer();
  await new Promise<void>((listening) => server.listen(0, listensOn, listening));
  const address = `${certificate ? 'https' : 'http'}://${hostOf(listensOn)}:${(server.address() as AddressInfo).port}`;
  const issuer = (await extension.behind?.(address)) ?? address;
  const clientId = 'agents';
  const clientSecret = `secret-${Math.random().toString(36).slice(2)}-of-the-client`;
  const redirects = new Set<string>();

  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${issuer}/placeholder`],
        grant_types: [
          'authorization_code',
          'refresh_token',
          'client_credentials',
          ...(extension.grantTypes ?? []),
        ],
      },
    ],
    scopes: ['openid', 'offline_access', 'a', 'b', 'c', ...(extension.scopes ?? [])],
    ...extra,
    features: { clientCredentials: { enabled: true }, ...extra.features },
  });
  if (!extension.ownRedirects) {
    (provider.Client.prototype as { redirectUriAllowed(uri: string): boolean }).redirectUriAllowed = (uri) =>
      redirects.has(uri);
  }
  extension.prepare?.(provider);

  const pushes = recordPushes(provider);
  const exchanges: TokenExchange[] = [];
  provider.use(async (ctx, next) => {
    if (ctx.path !== '/token') {
      await next();
      return;
    }
    const body = await readBody(ctx.req);
    await (testProvider.tokenEndpoint ?? answerPlainly)(ctx as KoaContextWithOIDC, next);
    const request = new URLSearchParams(body);
    exchanges.push({
      grantType: request.get('grant_type'),
      request,
      status: ctx.status,
      answer: { ...(ctx.body as Record<string, unknown>) },
    });
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    void answer(request, response);
  });

  const testProvider: TestProvider = {
    issuer,
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    clientId,
    clientSecret,
    allowRedirect: (uri) => redirects.add(uri),
    exchanges,
    pushes,
    requestAt(location) {
      const { searchParams } = new URL(location ?? '');
      const requestUri = searchParams.get('request_uri');
      return pushes.find((push) => push.requestUri === requestUri)?.parameters ?? searchParams;
    },
    tokenEndpoint: undefined,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => {
          closed();
        });
      }),
  };
  return testProvider;
}

/** Signs in and consents on the provider's own pages, up to the URL that begins with `until`. */
export async function signInAndConsent(
  browser: Browser,
  url: string,
  login: string,
  until: string,
): Promise<Page> {
  let page = await browser.go(url, { until });
  for (let steps = 0; steps < 4 && !page.url.startsWith(until); steps += 1) {
    page = await browser.submit(
      page,
      page.html.includes('name="login"') ? { login, password: 'any' } : {},
      until,
    );
  }
  return page;
}

/** Opens the provider's first page and follows its cancel link. */
export async function declineConsent(browser: Browser, url: string, until: string): Promise<Page> {
  const page = await browser.go(url, { until });
  const abort = /href="([^"]*\/abort)"/.exec(page.html)?.[1];
  if (!abort) throw new Error(`no way out at ${page.url}`);
  return browser.go(new URL(abort, page.url).href, { until });
}
