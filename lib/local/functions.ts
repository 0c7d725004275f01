/**
 * The functions of the service behind a local gateway, in this process. They know nothing of where they are:
 * they read their environment, and AWS's SDK finds the emulators by `AWS_ENDPOINT_URL_*`.
 */
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { OPERATIONS, type RoutedGroup } from '../../lambda/contract/operations';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { localTableName } from './dynamodb';
import type { EmulatorCredentials } from './emulator-access';
import type { EmulatorAccess } from './emulators';
import { writeFailure, type FunctionFailure } from './function-failure';
import { createGateway, type FunctionHandler } from './gateway';
import { answerError, starting } from './gateway-errors';
import { localFunctionName } from './gateway-event';
import type * as Loaded from './handlers';
import { startLambda, type InvokedHandler, type LambdaFunction } from './lambda';
import { listenOnLoopback, LOOPBACK } from './loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION, type Principals } from './principals';

export interface FunctionsOptions {
  /** Port to listen on; 0 for one that is free. */
  readonly port: number;
  /** Port that clients address, when a load balancer on loopback stands in front; else it is the one listened on. */
  readonly clientPort?: number;
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  /** Issuers whose user tokens are believed. A function is called once the port is held. */
  readonly trustedIssuers:
    readonly TrustedIssuer[] | ((service: { readonly port: number }) => Promise<readonly TrustedIssuer[]>);
  /** Told of a function that threw; written to stderr by default. */
  readonly reportFailure?: (failure: FunctionFailure) => void;
}

export interface LocalFunctions {
  /** What clients address. */
  readonly endpoint: string;
  /** The port listened on. */
  readonly port: number;
  /** What Lambda of the embedded cloud invokes, by name; agents may be added. */
  readonly functions: Map<string, LambdaFunction>;
  /** Lets what is under way finish, then stops. */
  readonly close: () => Promise<void>;
}

let started = false;

/**
 * @throws StartError for a port that is taken or may not be used
 * @throws Error when called a second time: the functions read the environment once, when they load
 */
export async function startFunctions(options: FunctionsOptions): Promise<LocalFunctions> {
  if (started) throw new Error('The functions start once in a process.');
  started = true;

  // The functions must know the port when they load, so the port is taken before there is a gateway.
  let serve: RequestListener = (_request, response) => {
    answerError(response, starting());
  };
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    serve(request, response);
  });
  const { port, close: closeServer } = await listenOnLoopback(server, options.port);
  const reportFailure = options.reportFailure ?? writeFailure;
  const functions = new Map<string, LambdaFunction>();
  const lambda = await startLambda({ functions, credentials: options.emulators.credentials, reportFailure });
  const close = async (): Promise<void> => {
    await closeServer();
    // Last, for requests under way may invoke.
    await lambda.close();
  };
  try {
    const clientPort = options.clientPort ?? port;
    const endpoint = `http://${LOOPBACK}:${clientPort}`;
    const { trustedIssuers } = options;
    setEnvironment(
      options.emulators,
      lambda.endpoint,
      endpoint,
      typeof trustedIssuers === 'function' ? await trustedIssuers({ port }) : trustedIssuers,
    );
    const handlers = loadHandlers();
    for (const group of INVOKED_GROUPS) functions.set(localFunctionName(group), handlers[group]);
    serve = createGateway({
      accountId: LOCAL_ACCOUNT,
      region: LOCAL_REGION,
      clientPort,
      routes: Object.values(OPERATIONS),
      handlers,
      principals: Object.values(options.principals),
      reportFailure,
    });
    return { endpoint, port, functions, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function setEnvironment(
  { credentials, endpoints, kmsKeyArn }: EmulatorAccess,
  lambdaEndpoint: string,
  endpoint: string,
  trustedIssuers: readonly TrustedIssuer[],
): void {
  letIn(credentials);
  Object.assign(process.env, {
    DIRECTORY_TABLE: localTableName('Directory'),
    KEYS_TABLE: localTableName('Keys'),
    SESSIONS_TABLE: localTableName('Sessions'),
    VAULT_TABLE: localTableName('Vault'),
    KMS_KEY_ARN: kmsKeyArn,
    BASE_URL: endpoint,
    ARN_PREFIX: `arn:aws:bedrock-agentcore:${LOCAL_REGION}:${LOCAL_ACCOUNT}`,
    TRUSTED_ISSUERS: JSON.stringify(trustedIssuers),
    PROVIDER_CLIENT_FUNCTION: localFunctionName('provider-client'),
    LOOPBACK_PROVIDERS: 'allowed',
    AWS_ENDPOINT_URL_LAMBDA: lambdaEndpoint,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_KMS: endpoints.kms,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
    AWS_ENDPOINT_URL_STS: endpoints.sts,
    // Powertools logs through the global console instead of a stream of its own.
    POWERTOOLS_DEV: 'true',
    // Which would turn metrics off; here they are lines of the service's log.
    POWERTOOLS_METRICS_DISABLED: 'false',
  });
}

/** What of the developer's own AWS settings would send the functions' clients elsewhere is taken away. */
function letIn({ accessKeyId, secretAccessKey }: EmulatorCredentials): void {
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']) {
    Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, {
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
}

/** The functions that have no route. */
const INVOKED_GROUPS = ['provider-client', 'key-rotation'] as const;

/** The gateway's functions, and those that are invoked. */
type Handlers = Record<RoutedGroup, FunctionHandler> &
  Record<(typeof INVOKED_GROUPS)[number], InvokedHandler>;

/** Loaded late: loading reads the environment. */
const loadHandlers = (): Handlers => (createRequire(__filename)('./handlers') as typeof Loaded).HANDLERS;
