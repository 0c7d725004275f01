/** The service with an agent, and with credential providers at one server that has every kind of third party. */
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { JsonOperationName, OperationName } from '../../lambda/operations';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { InvokedHandler } from '../../lib/local/lambda';
import { principalFor } from '../flows/support/audited-service';
import { customProvider } from '../flows/support/custom-provider';
import { putSecret } from '../flows/support/secrets';
import { AUDIENCE } from '../flows/support/transmitter';
import { RETURN_URL, World, type PrincipalName } from '../flows/support/world';
import { RespondingServer } from './responding-server';
import { expectDocumentedForm, expectNoFailure, Secrets } from './expected-response';
import { invoke, LogReader, type InProcessRequest } from './in-process';
import { MARKER } from './request-values';

/** The service's own secrets, for each of which the search has a name. */
export const CLIENT_SECRET = 'Client-Secret-7tVx3NqW of a provider:"1"';
const INITIAL_ACCESS_TOKEN = 'Initial-Token-5hRz9PkB';
const STREAM_TOKEN = 'Stream-Token-2cGd6JmY';
export const CODE = 'Code-8wLs4TfH-of-the-provider';

type Members = Readonly<Record<string, unknown>>;
type Scopes = readonly string[];

/** Providers by the metadata that configures them. */
export type ProviderName =
  'plain' | 'exchanging' | 'granting' | 'asserting' | 'pushing' | 'resource' | 'at-idp';

export interface Outcome {
  readonly status: number;
  readonly members: Members;
  readonly result: APIGatewayProxyResult;
}

/** Returns the empty text for a response that is no redirect. */
export const locationOf = ({ headers = {} }: APIGatewayProxyResult): string =>
  String(headers.Location ?? headers.location ?? '');

export class ConnectedService {
  private readonly log: LogReader;
  private readonly secrets = new Secrets();
  private readonly callbacks = new Map<ProviderName, string>();
  /** Runs of the function that revokes, which other functions start. */
  private readonly revoking = new Set<Promise<unknown>>();
  private users = 0;

  private constructor(
    private readonly world: World,
    readonly server: RespondingServer,
    private readonly workload: string,
  ) {
    this.log = new LogReader(world);
    const own = { CLIENT_SECRET, INITIAL_ACCESS_TOKEN, STREAM_TOKEN, CODE, MARKER };
    for (const [name, secret] of Object.entries(own)) this.secrets.add(secret, name);
  }

  static async start(): Promise<ConnectedService> {
    const server = await RespondingServer.start();
    const users = server.issuer('users');
    const keys = { issuer: users, jwksUri: `${users}/jwks` };
    const secretId = 'secret-1';
    const world = await World.start({}, () => [
      {
        discoveryUrl: `${users}/.well-known/openid-configuration`,
        allowedAudience: ['agents'],
        securityEvents: {
          id: 'people',
          transmitter: {
            ...keys,
            audience: [AUDIENCE],
            poll: { endpoint: `${server.url}/events`, authorization: { secretId, jsonKey: 'token' } },
          },
        },
      },
    ]);
    await putSecret({ token: STREAM_TOKEN }, 'securityEvents/people');
    const service = new ConnectedService(world, server, 'agent');
    service.awaitRevocations();
    await service.prepare();
    return service;
  }

  async close(): Promise<void> {
    this.log.close();
    jest.useRealTimers();
    await this.world.stop();
    await this.server.close();
  }

  async prepare(): Promise<void> {
    const { server } = this;
    await this.succeed('CreateWorkloadIdentity', {
      name: this.workload,
      allowedResourceOauth2ReturnUrls: [RETURN_URL],
    });
    const discoveryUrl = (issuer: 'as' | 'pushing' | 'users') =>
      `${server.issuer(issuer)}/.well-known/openid-configuration`;
    const exchange = (onBehalfOfTokenExchangeConfig: object) => ({ onBehalfOfTokenExchangeConfig });
    const tokenExchange = exchange({ grantType: 'TOKEN_EXCHANGE' });
    await this.provider('plain', discoveryUrl('as'));
    await this.provider('exchanging', discoveryUrl('as'), tokenExchange);
    await this.provider('granting', discoveryUrl('as'), exchange({ grantType: 'JWT_AUTHORIZATION_GRANT' }));
    await this.provider('at-idp', discoveryUrl('users'), tokenExchange);
    await this.provider(
      'asserting',
      discoveryUrl('as'),
      exchange({
        grantType: 'IDENTITY_ASSERTION',
        identityAssertionConfig: { credentialProviderName: 'at-idp' },
      }),
    );
    await this.provider('pushing', discoveryUrl('pushing'));
    await this.provider('resource', `${server.url}/.well-known/oauth-protected-resource/mcp`);
  }

  async provider(name: ProviderName, discoveryUrl: string, members: object = {}): Promise<void> {
    const { callbackUrl } = await this.succeed('CreateOauth2CredentialProvider', {
      name,
      ...customProvider(discoveryUrl, { clientId: 'agents', clientSecret: CLIENT_SECRET, ...members }),
    });
    this.callbacks.set(name, String(callbackUrl).split('/').at(-1) ?? '');
  }

  /** Sends a request, whose response has the form of the API and no secret, whatever the third parties responded. */
  async call(operation: JsonOperationName, body: object, as?: PrincipalName): Promise<Outcome> {
    const result = await this.respond(operation, {
      operation,
      principal: as ?? principalFor(operation),
      body: Buffer.from(JSON.stringify(body)),
    });
    expectDocumentedForm(operation, result);
    const members = result.body === '' ? {} : (JSON.parse(result.body) as Members);
    return { status: result.statusCode, members, result };
  }

  async respond(operation: OperationName, request: InProcessRequest): Promise<APIGatewayProxyResult> {
    const result = await invoke(this.world, request);
    expectNoFailure(result, true);
    this.secrets.expectNone(operation, result, this.log.next());
    return result;
  }

  async succeed(operation: JsonOperationName, body: object): Promise<Members> {
    const { status, members } = await this.call(operation, body);
    if (status >= 300) throw new Error(`${operation}: ${status} ${JSON.stringify(members)}`);
    return members;
  }

  /** Runs an internal function, as its schedule does. */
  async run(name: 'revocation' | 'event-poll' | 'key-rotation', event: object): Promise<void> {
    const functionName = localFunctionName(name);
    const handler = this.world.local.functions.get(functionName) as InvokedHandler;
    await handler(event, { awsRequestId: randomUUID(), invokedFunctionArn: functionName });
    this.secrets.expectNoneLogged(this.log.next());
  }

  /** Has {@link settled} wait for what functions do without their callers. */
  private awaitRevocations(): void {
    const { functions } = this.world.local;
    const name = localFunctionName('revocation');
    const handler = functions.get(name) as InvokedHandler;
    functions.set(name, (event: unknown, context: Parameters<InvokedHandler>[1]) => {
      const run = handler(event, context).finally(() => this.revoking.delete(run));
      this.revoking.add(run);
      return run;
    });
  }

  async settled(): Promise<void> {
    while (this.revoking.size > 0) await Promise.allSettled(this.revoking);
  }

  newUser(): string {
    this.users += 1;
    return `user-${this.users}`;
  }

  async token(userId?: string): Promise<string> {
    const request = { workloadName: this.workload, ...(userId !== undefined && { userId }) };
    const operation = userId === undefined ? 'GetWorkloadAccessToken' : 'GetWorkloadAccessTokenForUserId';
    return String((await this.succeed(operation, request)).workloadAccessToken);
  }

  async tokenForUser(subject: string): Promise<Outcome> {
    const userToken = await this.server.signed({ sub: subject, aud: 'agents', scope: 'a' });
    return this.call('GetWorkloadAccessTokenForJWT', { workloadName: this.workload, userToken });
  }

  ask(workloadIdentityToken: string, provider: ProviderName, oauth2Flow: string, members: object = {}) {
    const scopes: Scopes = ['a'];
    return this.call('GetResourceOauth2Token', {
      workloadIdentityToken,
      resourceCredentialProviderName: provider,
      scopes,
      oauth2Flow,
      ...(oauth2Flow === 'USER_FEDERATION' && { resourceOauth2ReturnUrl: RETURN_URL }),
      ...members,
    });
  }

  /** Opens the authorization URL, as a browser does. */
  authorize(authorizationUrl: unknown): Promise<APIGatewayProxyResult> {
    const query = new URL(String(authorizationUrl)).search.slice(1);
    return this.respond('Authorize', { operation: 'Authorize', query });
  }

  /**
   * Opens the authorization URL, and returns from the authorization server.
   *
   * @param response parameters of the authorization response, except `state`
   * @returns the completion URI; the empty text if the service does not redirect to the application with one
   */
  async returnFrom(
    authorizationUrl: unknown,
    callbackId: string,
    response: Readonly<Record<string, string>>,
  ): Promise<string> {
    const begun = await this.authorize(authorizationUrl);
    if (locationOf(begun) === '') return '';
    const state = new URL(locationOf(begun)).searchParams.get('state') ?? '';
    const cookie = [begun.multiValueHeaders?.['Set-Cookie'] ?? []]
      .flat()
      .map((line) => String(line).split(';')[0] ?? '')
      .join('; ');
    const returned = await this.respond('Callback', {
      operation: 'Callback',
      parameters: { callbackId },
      query: new URLSearchParams({ ...response, state }).toString(),
      headers: [['cookie', cookie]],
    });
    const location = locationOf(returned);
    return location === '' ? '' : (new URL(location).searchParams.get('session_id') ?? '');
  }

  /** The user consents, and the application confirms it. @returns the response to the confirmation */
  async consent(userId: string, token: string, provider: ProviderName = 'plain'): Promise<Outcome> {
    const { members } = await this.ask(token, provider, 'USER_FEDERATION');
    const callbackId = this.callbacks.get(provider) ?? '';
    const sessionUri = await this.returnFrom(members.authorizationUrl, callbackId, { code: CODE });
    return this.call('CompleteResourceTokenAuth', { sessionUri, userIdentifier: { userId } });
  }

  /** Its own client, or one that the service registers. */
  async createAtResource(name: string, isRegistered: boolean): Promise<Outcome> {
    const client = isRegistered
      ? { initialAccessToken: INITIAL_ACCESS_TOKEN }
      : { clientId: 'agents', clientSecret: CLIENT_SECRET };
    const discoveryUrl = `${this.server.url}/.well-known/oauth-protected-resource/mcp`;
    return this.call('CreateOauth2CredentialProvider', {
      name,
      ...customProvider(discoveryUrl, { ...client }),
    });
  }
}
