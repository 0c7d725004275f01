/** The running service with proxies between its functions and everything that they call. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTable, type Table } from '../../lambda/adapters/dynamodb/table';
import type { INVOKED_GROUPS } from '../../lambda/operations/groups';
import type { TableName } from '../../lambda/model/table-keys';
import type { Configuration } from 'oidc-provider';
import { startEmulators } from '../../lib/local/emulators';
import { localTableName } from '../../lib/local/dynamodb';
import { startFunctions } from '../../lib/local/functions';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { InvokedHandler } from '../../lib/local/lambda';
import { listenOnLoopback, LOOPBACK } from '../../lib/local/loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../lib/local/principals';
import type { LocalOptions, LocalService } from '../../lib/local/start';
import { EVENT_SECRET_OWNER } from '../../lambda/domain/identity/security-events';
import { CLIENT, exchangeIdTokens, startAssertionServer } from '../flows/support/assertion-server';
import { startExchangeServer, type ExchangeServer } from '../flows/support/exchange-server';
import type { TestIssuer } from '../flows/support/issuer';
import type { TestProvider } from '../flows/support/provider';
import { putSecret } from '../flows/support/secrets';
import { World } from '../flows/support/world';
import type { HttpResponse } from '../local/handmade-request';
import { FaultProxies } from './fault-proxy';
import { pause } from './passing-time';
import { PresentedAssertions } from './presented-assertions';
import { Secrets } from './secrets';
import { POLL_SECRET, POLL_TOKEN, POLLED, startReporters, trustedIssuers, type Reporters } from './servers';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';

/** Requests of the functions to an OAuth server. People open its other pages. */
const SERVER_PATHS = /^\/(\.well-known\/|jwks|token|request|reg|revoke|introspect)/;

const isServerPath = (path: string): boolean => SERVER_PATHS.test(path);

/** Seconds, longer than the clock moves in a run. */
const YEARS = 10 * 365 * 86_400;

/** Tokens for an hour, and refresh tokens for every user, rotated with reuse detection. */
const PROVIDER: Configuration = {
  ttl: {
    AccessToken: 3600,
    ClientCredentials: 3600,
    AuthorizationCode: 3600,
    RefreshToken: YEARS,
    Grant: YEARS,
    Session: YEARS,
    Interaction: 3600,
  },
  issueRefreshToken: () => Promise.resolve(true),
  rotateRefreshToken: true,
  features: {
    revocation: { enabled: true },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7) },
  },
};

/** A function without a route. */
export type InvokedGroup = (typeof INVOKED_GROUPS)[number];

export class Stage {
  private names = 0;

  private constructor(
    readonly world: World,
    readonly faults: FaultProxies,
    readonly secrets: Secrets,
    readonly presented: PresentedAssertions,
    private readonly parts: {
      readonly running: { count: number };
      readonly trap: { requests: number; close: () => Promise<void> };
      readonly dynamodb: DynamoDBClient;
      readonly reporters: Reporters;
      readonly exchange: ExchangeServer;
      readonly assertionServer: TestProvider;
    },
  ) {}

  static async start(): Promise<Stage> {
    // Every case has its own resources.
    const most = 1_000_000;
    process.env.QUOTAS = JSON.stringify({
      workloadIdentities: most,
      oauth2CredentialProviders: most,
      apiKeyCredentialProviders: most,
      consentPortals: most,
    });
    const trap = await startTrap();
    const faults = new FaultProxies(trap.origin);
    const secrets = new Secrets();
    faults.onExchange = (exchange) => secrets.observe(exchange);
    const presented = new PresentedAssertions();
    faults.onRequest = (body) => presented.observe(body);
    const running = { count: 0 };
    let dynamodb: DynamoDBClient | undefined;
    const launch = async (options: LocalOptions): Promise<LocalService> => {
      const started = await launchBehind(faults, options, running);
      dynamodb = started.dynamodb;
      return started.service;
    };
    const behind = (address: string) => faults.toServer(address, isServerPath);
    const reporters = await startReporters(faults, behind);
    const trust = (issuer: TestIssuer) => trustedIssuers(reporters, issuer);
    const world = await World.start(PROVIDER, trust, { behind }, { launch });
    if (!dynamodb) throw new Error('The service did not start.');
    const exchange = await startExchangeServer(world.issuer, PROVIDER, behind);
    const assertionServer = await startAssertionServer(world.issuer, PROVIDER, behind);
    const { clients } = exchangeIdTokens(world.issuer);
    clients.set(assertionServer.issuer, assertionServer.clientId);
    secrets.add(CLIENT.clientSecret, world.issuer.issuer);
    const secret = await putSecret({ token: POLL_TOKEN }, EVENT_SECRET_OWNER + POLLED);
    if (secret.name !== POLL_SECRET) throw new Error('The secret of the poll has another name.');
    secrets.add(POLL_TOKEN, reporters.pollOrigin);
    for (const { clientSecret, issuer } of [
      world.provider,
      exchange,
      assertionServer,
      reporters.identityProvider,
    ])
      secrets.add(clientSecret, issuer);
    const parts = { running, trap, dynamodb, reporters, exchange, assertionServer };
    return new Stage(world, faults, secrets, presented, parts);
  }

  async stop(): Promise<void> {
    await this.world.stop();
    const { reporters, exchange, assertionServer } = this.parts;
    await Promise.all([reporters.close(), exchange.close(), assertionServer.close()]);
    await this.faults.close();
    await this.parts.trap.close();
    this.parts.dynamodb.destroy();
  }

  /** The servers that report what happened to users. */
  get reporters(): Reporters {
    return this.parts.reporters;
  }

  /** The authorization server that exchanges tokens of users. */
  get exchange(): ExchangeServer {
    return this.parts.exchange;
  }

  /** The authorization server of a resource, which redeems identity assertions. */
  get assertionServer(): TestProvider {
    return this.parts.assertionServer;
  }

  /** A name that no other resource has. */
  unique(prefix: string): string {
    this.names += 1;
    return `${prefix}-${this.names}`;
  }

  /** A table, read past the proxies. */
  table(name: string): Table {
    return createTable(createDynamoDb(this.parts.dynamodb), name);
  }

  role(name: TableName): Table {
    return this.table(localTableName(name));
  }

  /** Requests at a server that no one should call. */
  get strayRequests(): number {
    return this.parts.trap.requests;
  }

  /** Invokes a function as its schedule does. */
  async invoke(group: InvokedGroup, event: object): Promise<unknown> {
    const name = localFunctionName(group);
    const handler = this.world.local.functions.get(name) as InvokedHandler;
    return handler(event, { awsRequestId: randomUUID(), invokedFunctionArn: name });
  }

  /** Invokes a function; returns its result as the response to a request. */
  async invocation(group: InvokedGroup, event: object): Promise<HttpResponse> {
    const respond = (status: number, body: string): HttpResponse => ({
      status,
      headers: {},
      body,
      bytes: Buffer.from(body),
    });
    try {
      return respond(200, JSON.stringify((await this.invoke(group, event)) ?? {}));
    } catch (error) {
      return respond(500, String(error));
    }
  }

  /** Waits for the functions that were invoked asynchronously. */
  async quiet(): Promise<void> {
    do await pause(1);
    while (this.parts.running.count > 0);
  }
}

/** A server to which no one has a reason to send anything. */
async function startTrap() {
  const trap = { requests: 0, origin: '', close: () => Promise.resolve() };
  const server = createServer((_request, response) => {
    trap.requests += 1;
    response.end('{}');
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return Object.assign(trap, { origin: `http://${LOOPBACK}:${port}`, close });
}

async function launchBehind(
  faults: FaultProxies,
  { dataDir, ...options }: LocalOptions,
  running: { count: number },
): Promise<{ service: LocalService; dynamodb: DynamoDBClient }> {
  const { access, principals, close } = await startEmulators(dataDir);
  const { credentials, endpoints } = access;
  const proxied = {
    dynamodb: await faults.toAws('DynamoDB', endpoints.dynamodb),
    kms: await faults.toAws('KMS', endpoints.kms),
    s3: await faults.toAws('S3', endpoints.s3),
    secretsManager: await faults.toAws('Secrets Manager', endpoints.secretsManager),
    sts: await faults.toAws('STS', endpoints.sts),
  };
  const functions = await startFunctions({
    ...options,
    emulators: { ...access, endpoints: proxied },
    principals,
    // The suite checks the response and the log.
    reportFailure: () => undefined,
  });
  // The clients of the functions read it at their first request.
  const lambda = process.env.AWS_ENDPOINT_URL_LAMBDA ?? '';
  process.env.AWS_ENDPOINT_URL_LAMBDA = await faults.toAws('Lambda', lambda);
  for (const [name, invoked] of functions.functions) {
    const handler = invoked as InvokedHandler;
    functions.functions.set(name, async (event, context) => {
      running.count += 1;
      try {
        return await handler(event, context);
      } finally {
        running.count -= 1;
      }
    });
  }
  const { kms, secretsManager, s3 } = endpoints;
  return {
    dynamodb: new DynamoDBClient({ endpoint: endpoints.dynamodb, region: LOCAL_REGION, credentials }),
    service: {
      endpoint: functions.endpoint,
      region: LOCAL_REGION,
      accountId: LOCAL_ACCOUNT,
      principals,
      gateways: functions.gateways,
      awsEndpoints: { kms, secretsManager, s3 },
      dataDir,
      functions: functions.functions,
      ownerTags: functions.ownerTags,
      consoleLink: functions.consoleLink,
      close: async () => {
        await functions.close();
        await close();
      },
    },
  };
}
