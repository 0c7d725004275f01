/**
 * A user with the official SDK's MCP client, which finds the authorization server, registers itself, and gets its tokens;
 * the user signs in and consents with a browser.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import { randomUUID } from 'node:crypto';
import { Browser } from '../support/browser';
import { signInAndConsent } from '../support/provider';

/** Nothing listens here, so the browser stops at this URL. */
export const CLIENT_REDIRECT = 'http://127.0.0.1:9/mcp-client';

/** A request of the client, with its response. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
  readonly challenge: string | null;
  /** Form or JSON, as sent. */
  readonly body: string;
}

/** The SDK's data about a user, in memory. */
class Credentials implements OAuthClientProvider {
  readonly redirectUrl = CLIENT_REDIRECT;
  readonly clientMetadata: OAuthClientMetadata = {
    client_name: 'An MCP client',
    redirect_uris: [CLIENT_REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  authorizationUrl: URL | undefined;
  readonly sent = randomUUID();
  private information: OAuthClientInformationMixed | undefined;
  private granted: OAuthTokens | undefined;
  private verifier = '';

  state = () => this.sent;
  clientInformation = () => this.information;
  saveClientInformation = (information: OAuthClientInformationMixed) => {
    this.information = information;
  };
  tokens = () => this.granted;
  saveTokens = (tokens: OAuthTokens) => {
    this.granted = tokens;
  };
  redirectToAuthorization = (url: URL) => {
    this.authorizationUrl = url;
  };
  saveCodeVerifier = (verifier: string) => {
    this.verifier = verifier;
  };
  codeVerifier = () => this.verifier;
}

export class McpUser {
  readonly exchanges: Exchange[] = [];
  readonly browser = new Browser();
  private readonly credentials = new Credentials();
  private connection: { client: Client; transport: StreamableHTTPClientTransport } | undefined;

  /** @param serverUrl the endpoint's invocation URL, which is all that a client knows */
  constructor(
    readonly login: string,
    private readonly serverUrl: string,
  ) {}

  private newTransport(): StreamableHTTPClientTransport {
    const recorded = async (input: string | URL, init?: RequestInit): Promise<Response> => {
      const response = await fetch(input, init);
      this.exchanges.push({
        method: init?.method ?? 'GET',
        url: new URL(input),
        status: response.status,
        challenge: response.headers.get('www-authenticate'),
        body: init?.body === undefined ? '' : String(init.body as string | URLSearchParams),
      });
      return response;
    };
    return new StreamableHTTPClientTransport(new URL(this.serverUrl), {
      authProvider: this.credentials,
      fetch: recorded,
    });
  }

  private newClient(): Client {
    return new Client({ name: 'test', version: '1.0.0' }, { capabilities: { elicitation: { url: {} } } });
  }

  /**
   * Gets a 401, signs in at the authorization server, and returns with a code.
   *
   * @returns the parameters of the authorization request and of its response
   */
  async signIn(): Promise<{ request: URLSearchParams; answer: URLSearchParams }> {
    const transport = this.newTransport();
    await expect(this.newClient().connect(transport)).rejects.toBeInstanceOf(UnauthorizedError);
    const url = this.credentials.authorizationUrl;
    const back = new URL(
      (await signInAndConsent(this.browser, url?.href ?? '', this.login, CLIENT_REDIRECT)).url,
    );
    expect(back.searchParams.get('state')).toBe(this.credentials.sent);
    await transport.finishAuth(back.searchParams.get('code') ?? '');
    await transport.close();
    return { request: url?.searchParams ?? new URLSearchParams(), answer: back.searchParams };
  }

  async connect(): Promise<Client> {
    const connection = { client: this.newClient(), transport: this.newTransport() };
    await connection.client.connect(connection.transport);
    this.connection = connection;
    return connection.client;
  }

  get protocolVersion(): string | undefined {
    return this.connection?.transport.protocolVersion;
  }

  get sessionId(): string | undefined {
    return this.connection?.transport.sessionId;
  }

  get accessToken(): string {
    return this.credentials.tokens()?.access_token ?? '';
  }

  /** Ends the session, as a client does when its user leaves. */
  async leave(): Promise<void> {
    await this.connection?.transport.terminateSession();
    await this.connection?.client.close();
  }

  /** The requests to the endpoint itself, in order. */
  get calls(): string[] {
    return this.exchanges
      .filter(({ url }) => url.href === this.serverUrl)
      .map(({ method, status }) => `${method} ${status}`);
  }
}
