/**
 * The world of a flow test: the service as it runs on a laptop, a provider and an issuer that it did not
 * configure, AWS SDK clients, and an adjustable clock. Its functions invoke each other as other versions would.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BedrockAgentCore,
  GetWorkloadAccessTokenForJWTCommand,
  GetWorkloadAccessTokenForUserIdCommand,
  GetWorkloadAccessTokenCommand,
  type GetResourceOauth2TokenCommandInput,
  type GetResourceOauth2TokenCommandOutput,
  type UserIdentifier,
} from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import type { Configuration } from 'oidc-provider';
import { report, WATCHES_SECRETS } from '../../secrets/report';
import { SecretWatch } from '../../secrets/secret-watch';
import { openServiceLog, type ServiceLog } from '../../../lib/local/service-log';
import { startLocal, type LocalOptions } from '../../../lib/local/start';
import type { DeployedIssuer } from '../../../lambda/domain/identity/trusted-issuer';
import { send, signed, type HttpResponse } from '../../local/handmade-request';
import { Browser } from './browser';
import { customProvider } from './custom-provider';
import { expectDocumented } from './documented-responses';
import { bodyOf } from './members-beyond-aws';
import { startIssuer, type TestIssuer } from './issuer';
import { addLaterMembers } from './other-versions';
import { signInAndConsent, startProvider, type Extension, type TestProvider } from './provider';

export const RETURN_URL = 'http://127.0.0.1:9/connected?from=test';

type Local = Awaited<ReturnType<typeof startLocal>>;
export type PrincipalName = keyof Local['principals'];

interface Settings extends Pick<LocalOptions, 'publicAddress'> {
  /** Starts the service; by default, as on a laptop. */
  readonly launch?: typeof startLocal;
}

/** Members of a token request that differ from the default. */
export type Ask = Partial<GetResourceOauth2TokenCommandInput>;

const forItsAudience = ({ discoveryUrl, audience }: TestIssuer): DeployedIssuer[] => [
  { discoveryUrl, allowedAudience: [audience] },
];

/** Checks every response of a client against the OpenAPI document, before the client removes members that AWS does not have. */
const expectDocumentedResponses =
  <Input, Result extends { response: unknown }>(
    next: (request: Input) => Promise<Result>,
    { commandName = '' }: { commandName?: string },
  ) =>
  async (request: Input): Promise<Result> => {
    const result = await next(request);
    const response = result.response as { statusCode: number; body: unknown };
    const body = await bodyOf(response);
    const name = commandName.replace(/Command$/, '');
    expectDocumented({ name }, response.statusCode, body.toString('utf8'));
    return result;
  };

/** AWS SDK clients correct their clock by the response's date, which a changed clock does not affect. */
export const hideDate =
  <Input, Result extends { response: unknown }>(next: (request: Input) => Promise<Result>) =>
  async (request: Input): Promise<Result> => {
    const result = await next(request);
    delete (result.response as { headers: Record<string, string> }).headers.date;
    return result;
  };

/** What {@link World.start} takes: by default, the issuer's tokens for its audience are accepted. */
type WorldSettings = [
  providerConfiguration?: Configuration,
  /** The deployment's settings for the world's issuer, or for other issuers. */
  trust?: (issuer: TestIssuer) => DeployedIssuer[],
  extension?: Extension,
  settings?: Settings,
];

export class World {
  /** Addresses of agent endpoints of this service, which are watched for secrets too. */
  readonly gates: string[] = [];
  private names = 0;

  local!: Local;
  provider!: TestProvider;
  issuer!: TestIssuer;
  dataDir!: string;
  private log!: ServiceLog;
  private watch: SecretWatch | undefined;

  static async start(...settings: WorldSettings): Promise<World> {
    const world = new World();
    await world.begin(...settings);
    return world;
  }

  /** The world of all tests of a file. It has no members until they begin. */
  static ofFile(...settings: WorldSettings): World {
    const world = new World();
    beforeAll(() => world.begin(...settings));
    afterAll(() => world.stop());
    return world;
  }

  private async begin(
    providerConfiguration: Configuration = {},
    trust: (issuer: TestIssuer) => DeployedIssuer[] = forItsAudience,
    extension: Extension = {},
    { launch = startLocal, ...settings }: Settings = {},
  ): Promise<void> {
    this.watch = WATCHES_SECRETS ? new SecretWatch() : undefined;
    this.watch?.start();
    this.dataDir = await mkdtemp(join(tmpdir(), 'agent-identity-'));
    this.provider = await startProvider(providerConfiguration, extension);
    this.issuer = await startIssuer(undefined, extension.behind);
    const trustedIssuers = trust(this.issuer);
    // As in `npm start`, the functions log to the data folder, which tests search too.
    this.log = openServiceLog(join(this.dataDir, 'service.log'));
    globalThis.console = this.log.console;
    this.local = await launch({ port: 0, dataDir: this.dataDir, trustedIssuers, ...settings });
    addLaterMembers(this.local.functions);
  }

  /** @throws Error if a secret of the tests is in a place that is not meant to have it */
  async stop(): Promise<void> {
    const findings = await this.watch?.end({
      endpoint: this.local.endpoint,
      gates: this.gates,
      dataDir: this.dataDir,
    });
    await this.local.close();
    await Promise.all([this.provider.close(), this.issuer.close()]);
    this.log.close();
    await rm(this.dataDir, { recursive: true });
    if (findings) await report(findings);
  }

  private settings(principal: PrincipalName, signingName: string) {
    const { accessKeyId, secretAccessKey } = this.local.principals[principal];
    const { endpoint, region } = this.local;
    return { endpoint, region, credentials: { accessKeyId, secretAccessKey }, ...{ signingName } };
  }

  /** @param maxAttempts three, the default of the SDK */
  data(principal: PrincipalName = 'agent', signingName = 'execute-api', maxAttempts = 3): BedrockAgentCore {
    const client = new BedrockAgentCore({ ...this.settings(principal, signingName), maxAttempts });
    client.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
    client.middlewareStack.add(expectDocumentedResponses, { step: 'deserialize', priority: 'low' });
    return client;
  }

  control(principal: PrincipalName = 'agent', signingName = 'execute-api'): BedrockAgentCoreControl {
    const client = new BedrockAgentCoreControl(this.settings(principal, signingName));
    client.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
    client.middlewareStack.add(expectDocumentedResponses, { step: 'deserialize', priority: 'low' });
    return client;
  }

  /** A new agent with its own credential provider, both owned by this principal. */
  async agent(
    principal: PrincipalName = 'agent',
    returnUrls: string[] = [RETURN_URL],
    client: { clientSecret?: string | undefined } = {},
  ): Promise<TestAgent> {
    this.names += 1;
    const name = `agent-${this.names}`;
    const providerName = `provider-${this.names}`;
    const control = this.control(principal);
    await control.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: returnUrls });
    const { discoveryUrl, clientId, clientSecret } = { ...this.provider, ...client };
    const created = await control.createOauth2CredentialProvider({
      name: providerName,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    });
    this.provider.allowRedirect(created.callbackUrl ?? '');
    return new TestAgent(this.data(principal), name, providerName, created.callbackUrl ?? '');
  }

  /**
   * Deletes a principal and creates it again with the same name: the same ARN, and another unique ID.
   *
   * @param id a new one by default; empty for a gateway that provides none
   */
  remake(principal: PrincipalName, id = `AROA${randomBytes(8).toString('hex').toUpperCase()}`): void {
    Object.assign(this.local.principals[principal], { id });
  }

  /** Calls an operation for which AWS SDK clients have no command, with their signature. */
  post(operation: string, input: object, principal: PrincipalName = 'agent'): Promise<HttpResponse> {
    return this.signedPost(`/identities/${operation}`, input, principal);
  }

  /** Calls an operation of the operators' plane, with the signature of AWS clients. */
  operate(operation: string, input: object, principal: PrincipalName = 'operator'): Promise<HttpResponse> {
    return this.signedPost(`/operator/${operation}`, input, principal);
  }

  private async signedPost(path: string, input: object, principal: PrincipalName): Promise<HttpResponse> {
    const { accessKeyId, secretAccessKey } = this.local.principals[principal];
    const credentials = { accessKeyId, secretAccessKey };
    const { host } = new URL(this.local.endpoint);
    const body = JSON.stringify(input);
    const response = await send(await signed(host, { path, body, credentials }));
    expectDocumented({ path }, response.status, response.body);
    return response;
  }

  /** The functions' log lines so far. */
  async logLines(): Promise<string[]> {
    return (await readFile(join(this.dataDir, 'service.log'), 'utf8')).split('\n');
  }

  /** The audit entries so far. */
  async audit(): Promise<Record<string, unknown>[]> {
    return (await this.logLines())
      .filter((line) => line.includes('"audit"'))
      .map((line) => (JSON.parse(line) as { audit: Record<string, unknown> }).audit);
  }
}

export class TestAgent {
  constructor(
    readonly client: BedrockAgentCore,
    readonly name: string,
    readonly providerName: string,
    readonly callbackUrl: string,
  ) {}

  /** A workload access token for this agent alone, for a user ID, or for a user token. */
  async token(user?: { userId: string } | { userToken: string }): Promise<string> {
    const workloadName = this.name;
    const command = !user
      ? new GetWorkloadAccessTokenCommand({ workloadName })
      : 'userId' in user
        ? new GetWorkloadAccessTokenForUserIdCommand({ workloadName, ...user })
        : new GetWorkloadAccessTokenForJWTCommand({ workloadName, ...user });
    const { workloadAccessToken } = await this.client.send(command as GetWorkloadAccessTokenCommand);
    return workloadAccessToken ?? '';
  }

  /** The same agent, used by another principal. */
  as(client: BedrockAgentCore): TestAgent {
    return new TestAgent(client, this.name, this.providerName, this.callbackUrl);
  }

  ask(workloadIdentityToken: string, ask: Ask = {}): Promise<GetResourceOauth2TokenCommandOutput> {
    return this.client.getResourceOauth2Token({
      workloadIdentityToken,
      resourceCredentialProviderName: this.providerName,
      scopes: ['openid', 'a'],
      oauth2Flow: 'USER_FEDERATION',
      resourceOauth2ReturnUrl: RETURN_URL,
      ...ask,
    });
  }

  /** @param back the return URL after the consent, or a URI to use instead of its `session_id` */
  complete(back: URL | string | undefined, userIdentifier: UserIdentifier) {
    const sessionUri = back instanceof URL ? (back.searchParams.get('session_id') ?? undefined) : back;
    return this.client.completeResourceTokenAuth({ sessionUri, userIdentifier });
  }

  /** Consents in a browser; returns the URL at which it arrives. */
  async consent(authorizationUrl: string | undefined, login = 'ana', browser = new Browser()): Promise<URL> {
    const page = await signInAndConsent(browser, authorizationUrl ?? '', login, 'http://127.0.0.1:9/');
    return new URL(page.url);
  }

  /** Completes a consent for this user ID; returns the access token. */
  async connect(userId: string, ask: Ask = {}): Promise<string> {
    const token = await this.token({ userId });
    const { authorizationUrl } = await this.ask(token, ask);
    await this.complete(await this.consent(authorizationUrl, userId), { userId });
    const { accessToken } = await this.ask(token, ask);
    return accessToken ?? '';
  }
}
