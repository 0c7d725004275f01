/** The local service, with the AWS services that it uses in a second process, and its requests as AWS SDK clients sign them. */
import { join } from 'node:path';
import {
  BedrockAgentCore,
  GetResourceApiKeyCommand,
  GetResourceOauth2TokenCommand,
  GetWorkloadAccessTokenForJWTCommand,
  type BedrockAgentCoreClientConfig,
} from '@aws-sdk/client-bedrock-agentcore';
import {
  BedrockAgentCoreControlClient,
  CreateApiKeyCredentialProviderCommand,
  CreateOauth2CredentialProviderCommand,
  CreateWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import type { HttpRequest } from '@smithy/protocol-http';
import type { DeployedIssuer } from '../../../lambda/domain/identity/trusted-issuer';
import { LOCAL_REGION } from '../../../lib/local/principals';
import { RETURN_URL, TestAgent, type Ask } from '../../../test/flows/support/world';
import { PASSWORD } from '../../../test/keycloak/people';
import { Browser } from '../../../examples/demo/browser';
import { newSecret } from '../../../test/keycloak/service';
import { startChild, type Child } from './child';
import type { DatabaseReady } from './database-process';
import type { FunctionsReady } from './functions-process';
import type { PreparedRequest } from './load';
import type { Peer } from './peer';
import type { People } from './people';

const AGENT = 'bench-agent';
const OAUTH_PROVIDER = 'calendar';
const API_KEY_PROVIDER = 'maps';
const RETURN_ORIGIN = new URL(RETURN_URL).origin;
const SCOPES = ['openid', 'profile'];

export interface OurService {
  readonly database: Child<DatabaseReady>;
  readonly functions: Child<FunctionsReady>;
  readonly stop: () => Promise<void>;
}

/** @param folder for the state and the log */
export async function startOurs(
  folder: string,
  trustedIssuers: readonly DeployedIssuer[],
): Promise<OurService> {
  const execArgv = ['--require', 'tsx/cjs'];
  const start = <Ready>(program: string, assignment: object) =>
    startChild<Ready>(join(__dirname, program), assignment, execArgv);
  const database = await start<DatabaseReady>('database-process.ts', { dataDir: folder });
  const functions = await start<FunctionsReady>('functions-process.ts', {
    ...database.ready,
    trustedIssuers,
    logPath: join(folder, 'service.log'),
  });
  const stop = async (): Promise<void> => {
    await functions.stop();
    await database.stop();
  };
  return { database, functions, stop };
}

const configOf = ({ database, functions }: OurService): BedrockAgentCoreClientConfig => {
  const { accessKeyId, secretAccessKey } = database.ready.principals.agent;
  return {
    endpoint: functions.ready.endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId, secretAccessKey },
  };
};

/** The stored credentials, which the vault written by hand keeps too. */
export interface Credentials {
  readonly apiKey: string;
  readonly ownToken: string;
  /** Access tokens of the calendar, by user. */
  readonly storedTokens: ReadonlyMap<string, string>;
}

/** An agent with its credential providers, and the consent of each user. */
export class OurAgent {
  private constructor(
    private readonly service: OurService,
    private readonly agent: TestAgent,
    private readonly people: People,
    readonly credentials: Credentials,
  ) {}

  static async create(service: OurService, people: People): Promise<OurAgent> {
    const config = configOf(service);
    const control = new BedrockAgentCoreControlClient(config);
    await control.send(
      new CreateWorkloadIdentityCommand({ name: AGENT, allowedResourceOauth2ReturnUrls: [RETURN_URL] }),
    );
    const client = { clientId: 'calendar-agents', clientSecret: newSecret() };
    const { discoveryUrl } = people.calendar;
    const { callbackUrl = '' } = await control.send(
      new CreateOauth2CredentialProviderCommand({
        name: OAUTH_PROVIDER,
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: { ...client, oauthDiscovery: { discoveryUrl } },
        },
      }),
    );
    await people.calendar.client({
      clientId: client.clientId,
      secret: client.clientSecret,
      publicClient: false,
      serviceAccountsEnabled: true,
      redirectUris: [callbackUrl],
    });
    const apiKey = newSecret();
    await control.send(new CreateApiKeyCredentialProviderCommand({ name: API_KEY_PROVIDER, apiKey }));
    const agent = new TestAgent(new BedrockAgentCore(config), AGENT, OAUTH_PROVIDER, callbackUrl);
    const storedTokens = new Map<string, string>();
    for (const [name, userToken] of people.userTokens)
      storedTokens.set(name, await connect(agent, name, userToken));
    const { accessToken: ownToken = '' } = await agent.ask(await agent.token(), FOR_ITSELF);
    return new OurAgent(service, agent, people, { apiKey, ownToken, storedTokens });
  }

  peer(): Peer {
    const { agent, people, service, credentials } = this;
    const userTokens = [...people.userTokens.values()];
    const ofUsers = (commandOf: (workloadToken: string) => Command) => () =>
      Promise.all(
        userTokens.map(async (userToken) => this.signed(commandOf(await agent.token({ userToken })))),
      );
    const mints = userTokens.map(
      (userToken) => new GetWorkloadAccessTokenForJWTCommand({ workloadName: AGENT, userToken }),
    );
    return {
      name: 'agent-identity',
      pids: { service: service.functions.pid, database: service.database.pid },
      work: {
        mint: {
          prepare: () => Promise.all(mints.map((command) => this.signed(command))),
          expected: (body) => body.includes('"workloadAccessToken":"'),
        },
        ownToken: {
          prepare: async () => [await this.signed(tokenCommand(await agent.token(), FOR_ITSELF))],
          expected: (body) => body.includes(credentials.ownToken),
        },
        storedToken: {
          prepare: ofUsers((token) => tokenCommand(token)),
          expected: (body) => body.includes('"accessToken":"'),
        },
        apiKey: {
          prepare: ofUsers(
            (workloadIdentityToken) =>
              new GetResourceApiKeyCommand({
                workloadIdentityToken,
                resourceCredentialProviderName: API_KEY_PROVIDER,
              }),
          ),
          expected: (body) => body.includes(credentials.apiKey),
        },
      },
    };
  }

  /** The request of an AWS SDK client, signed but not sent. */
  private async signed(command: Command): Promise<PreparedRequest> {
    let prepared: PreparedRequest | undefined;
    const client = new BedrockAgentCore({
      ...configOf(this.service),
      maxAttempts: 1,
      requestHandler: {
        handle: (request: HttpRequest) => {
          const { method, headers, path } = request;
          const body = Buffer.from(request.body as Uint8Array).toString('utf8');
          prepared = { url: new URL(path, configOf(this.service).endpoint as string), method, headers, body };
          return Promise.reject(new Error('The request is kept.'));
        },
      },
    });
    await client.send(command as GetResourceApiKeyCommand).catch(() => undefined);
    client.destroy();
    if (prepared === undefined) throw new Error('The AWS SDK client made no request.');
    return prepared;
  }
}

type Command = GetWorkloadAccessTokenForJWTCommand | GetResourceOauth2TokenCommand | GetResourceApiKeyCommand;

const FOR_ITSELF: Ask = { oauth2Flow: 'M2M', scopes: ['openid'], resourceOauth2ReturnUrl: undefined };

const tokenCommand = (workloadIdentityToken: string, ask: Ask = {}): GetResourceOauth2TokenCommand =>
  new GetResourceOauth2TokenCommand({
    workloadIdentityToken,
    resourceCredentialProviderName: OAUTH_PROVIDER,
    scopes: SCOPES,
    oauth2Flow: 'USER_FEDERATION',
    resourceOauth2ReturnUrl: RETURN_URL,
    ...ask,
  });

/** The user consents at `calendar`; returns the token that the service keeps then. */
async function connect(agent: TestAgent, username: string, userToken: string): Promise<string> {
  const token = await agent.token({ userToken });
  const { authorizationUrl = '' } = await agent.ask(token, { scopes: SCOPES });
  const browser = new Browser();
  const page = await browser.go(authorizationUrl);
  const { url } = await browser.submit(page, { username, password: PASSWORD }, RETURN_ORIGIN);
  await agent.complete(new URL(url), { userToken });
  const { accessToken } = await agent.ask(token, { scopes: SCOPES });
  if (accessToken === undefined) throw new Error(`The consent of ${username} returned no token.`);
  return accessToken;
}
