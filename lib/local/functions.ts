/**
 * The functions of the service behind a local gateway, in this process. They do not know where they run: they read
 * their environment, and the AWS SDK finds the emulators by `AWS_ENDPOINT_URL_*`.
 */
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { OPERATIONS } from '../../lambda/operations';
import type { GatewayUrls } from '../../lambda/domain/gateway/manage/gateway';
import { principalOf } from '../../lambda/domain/principal';
import { INVOKED_GROUPS, type RoutedGroup } from '../../lambda/operations/groups';
import type { DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { CONSOLE_ROUTES } from '../../lambda/api/console';
import { createLocalConsole, type LocalConsole } from './console';
import { localTableName } from './dynamodb';
import type { EmulatorCredentials } from './emulator-access';
import type { EmulatorAccess } from './emulators';
import { writeFailure, type FunctionFailure } from './function-failure';
import { createGateway, type FunctionHandler } from './gateway';
import { sendError, starting } from './gateway-errors';
import { serveGateways } from './gateway-functions';
import { bindGatewayApis, type GatewayApis } from './gateways';
import { localFunctionName } from './gateway-event';
import type * as Loaded from './handlers';
import { startLambda, type InvokedHandler, type LambdaFunction } from './lambda';
import { listenOnLoopback, LOOPBACK } from './loopback-server';
import {
  iamPolicyOf,
  LOCAL_ACCOUNT,
  LOCAL_IDENTITY_REGION,
  LOCAL_REGION,
  type Principal,
  type Principals,
} from './principals';
import { AGENTS_ROLE_ARN } from './role-session';
import { bindPublicPages, PUBLIC_ROUTES, type PublicPages } from './public-pages';
import type { SettingNames } from './setting-names';
import { LOCAL_STAGE_SECRET_HASH, LOCAL_STAGE_VARIABLES } from './stage-secret';

export interface FunctionsOptions {
  /** Port to listen on; 0 for a free port. */
  readonly port: number;
  /** Port that clients address, if a load balancer on loopback is in front; by default, the port listened on. */
  readonly clientPort?: number;
  /**
   * Origin with https in the URLs of the service, if a tunnel sends requests for it to a separate port (public-pages.ts);
   * by default, the address for clients.
   */
  readonly publicAddress?: string;
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  /** Issuers of user tokens to trust. A function is called once the port is bound. */
  readonly trustedIssuers:
    readonly DeployedIssuer[] | ((service: { readonly port: number }) => Promise<readonly DeployedIssuer[]>);
  /** Names of the settings in messages; by default, environment variables. */
  readonly names?: SettingNames;
  /** Called when a function throws; by default, it writes to stderr. */
  readonly reportFailure?: (failure: FunctionFailure) => void;
  /** Path of the log with the audit entries that the console shows. */
  readonly logPath?: string;
  /** Path of the file that opens the console. */
  readonly consoleFile?: string;
}

export interface LocalFunctions {
  /** Returns an address that opens the console once. */
  readonly consoleLink: LocalConsole['link'];
  /** Address for clients. */
  readonly endpoint: string;
  /** The port listened on. */
  readonly port: number;
  /** Base URLs of the gateways with each authorizer. */
  readonly gateways: Required<GatewayUrls>;
  /** Absent without a public address. */
  readonly publicPages?: PublicPages;
  /** Functions that the local Lambda invokes, by name. You can add agents. */
  readonly functions: Map<string, LambdaFunction>;
  /** By name of the function, its tag `agent-identity:owner`: the owner whose gateways can invoke it. */
  readonly ownerTags: Map<string, string>;
  /** Waits for open requests, then stops. */
  readonly close: () => Promise<void>;
}

let started = false;

/**
 * @throws StartError for a port that is taken or not permitted
 * @throws Error when called a second time, because the functions read the environment once, when they load
 */
export async function startFunctions(options: FunctionsOptions): Promise<LocalFunctions> {
  if (started) throw new Error('The functions can start only once in a process.');
  started = true;

  // The functions need the port when they load, so the port is bound before the gateway exists.
  let serve: RequestListener = (_request, response) => {
    sendError(response, starting());
  };
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    serve(request, response);
  });
  const { port, close: closeServer } = await listenOnLoopback(server, options.port, options.names);
  const reportFailure = options.reportFailure ?? writeFailure;
  const functions = new Map<string, LambdaFunction>();
  const ownerTags = new Map<string, string>();
  const lambda = await startLambda({
    functions,
    ownerTags,
    credentials: options.emulators.credentials,
    reportFailure,
  });
  const gateways = await bindGatewayApis(options.port, options.names);
  const { publicAddress } = options;
  const pages = publicAddress === undefined ? undefined : await bindPublicPages(options.port, options.names);
  const close = async (): Promise<void> => {
    await Promise.all([closeServer(), gateways.jwt.close(), gateways.iam.close(), pages?.close()]);
    // Last, because open requests might invoke functions.
    await lambda.close();
  };
  try {
    const clientPort = options.clientPort ?? port;
    const endpoint = `http://${LOOPBACK}:${clientPort}`;
    const { trustedIssuers } = options;
    setEnvironment(
      options.emulators,
      lambda.endpoint,
      publicAddress ?? endpoint,
      typeof trustedIssuers === 'function' ? await trustedIssuers({ port }) : trustedIssuers,
      gateways,
      options.principals.gateway,
    );
    const handlers = loadHandlers();
    for (const group of INVOKED_GROUPS) functions.set(localFunctionName(group), handlers[group]);
    const { operator } = options.principals;
    const { logPath, consoleFile: filePath } = options;
    const console = createLocalConsole({ endpoint, operator, logPath, filePath });
    const api = {
      accountId: LOCAL_ACCOUNT,
      region: LOCAL_REGION,
      stageVariables: LOCAL_STAGE_VARIABLES,
      handlers,
      reportFailure,
    };
    serve = createGateway({
      ...api,
      clientPort,
      routes: [...Object.values(OPERATIONS), ...CONSOLE_ROUTES],
      handlers: { ...handlers, console: console.handler },
      principals: Object.values(options.principals),
      allows: iamPolicyOf(options.principals),
    });
    if (publicAddress !== undefined) {
      const { host: publicHost } = new URL(publicAddress);
      pages?.serve(createGateway({ ...api, publicHost, routes: PUBLIC_ROUTES, principals: [] }));
    }
    const served = { identityEndpoint: endpoint, principals: options.principals, reportFailure };
    functions.set(localFunctionName('gateway'), serveGateways(gateways, served));
    const bases = { CUSTOM_JWT: gateways.jwt.url, AWS_IAM: gateways.iam.url };
    return {
      endpoint,
      port,
      gateways: bases,
      ...(publicAddress !== undefined &&
        pages && { publicPages: { url: publicAddress, tunnelTo: pages.url } }),
      functions,
      ownerTags,
      consoleLink: console.link,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function setEnvironment(
  { credentials, endpoints, kmsKeyArn }: EmulatorAccess,
  lambdaEndpoint: string,
  endpoint: string,
  trustedIssuers: readonly DeployedIssuer[],
  gateways: GatewayApis,
  gatewayRole: Principal,
): void {
  useCredentials(credentials);
  Object.assign(process.env, {
    DIRECTORY_TABLE: localTableName('Directory'),
    KEYS_TABLE: localTableName('Keys'),
    SESSIONS_TABLE: localTableName('Sessions'),
    VAULT_TABLE: localTableName('Vault'),
    REVOCATIONS_TABLE: localTableName('Revocations'),
    KMS_KEY_ARN: kmsKeyArn.replace(LOCAL_REGION, LOCAL_IDENTITY_REGION ?? LOCAL_REGION),
    BASE_URL: endpoint,
    ARN_PREFIX: `arn:aws:bedrock-agentcore:${LOCAL_IDENTITY_REGION ?? LOCAL_REGION}:${LOCAL_ACCOUNT}`,
    ...(LOCAL_IDENTITY_REGION !== undefined && { REPLICATED_TABLE: localTableName('Directory') }),
    GATEWAY_ROLE_ARN: principalOf(gatewayRole.arn),
    GATEWAY_AGENTS_ROLE_ARN: AGENTS_ROLE_ARN,
    GATEWAY_JWT_URL: gateways.jwt.url,
    GATEWAY_IAM_URL: gateways.iam.url,
    TRUSTED_ISSUERS: JSON.stringify(trustedIssuers),
    PROVIDER_CLIENT_FUNCTION: localFunctionName('provider-client'),
    REVOCATION_FUNCTION: localFunctionName('revocation'),
    CONNECTIONS_FUNCTION: localFunctionName('connections'),
    GATEWAY_FUNCTION: localFunctionName('gateway'),
    STAGE_SECRET_HASH: LOCAL_STAGE_SECRET_HASH,
    URL_SUFFIX: 'amazonaws.com',
    LOOPBACK_PROVIDERS: 'allowed',
    AWS_ENDPOINT_URL_LAMBDA: lambdaEndpoint,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_KMS: endpoints.kms,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
    AWS_ENDPOINT_URL_STS: endpoints.sts,
  });
}

/** Removes AWS settings of the developer that would send the functions' clients elsewhere. */
function useCredentials({ accessKeyId, secretAccessKey }: EmulatorCredentials): void {
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']) {
    Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, {
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
}

/** The functions of the gateway, and those that other functions invoke. */
type Handlers = Record<RoutedGroup, FunctionHandler> &
  Record<(typeof INVOKED_GROUPS)[number], InvokedHandler>;

/** Loads the handlers, which read the environment then. */
const loadHandlers = (): Handlers => (createRequire(__filename)('./handlers') as typeof Loaded).HANDLERS;
