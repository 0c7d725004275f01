/**
 * Starts the embedded cloud in this process: DynamoDB, KMS, Secrets Manager and the gateway, with the same
 * functions behind it as in an AWS account. The functions know nothing of it: they read their environment, and
 * AWS's SDK finds the emulators by `AWS_ENDPOINT_URL_*`.
 */
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { FUNCTION_GROUPS, OPERATIONS, type FunctionGroup } from '../../lambda/api/operations';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { prepareDataFolder } from './data-folder';
import { localTableName, startDynamoDb } from './dynamodb';
import { newEmulatorCredentials, type EmulatorCredentials } from './emulator-access';
import { createGateway, type FunctionFailure, type FunctionHandler } from './gateway';
import { answerError, starting } from './gateway-errors';
import { startKms } from './kms';
import { listenOnLoopback, LOOPBACK } from './loopback-server';
import { startSecretsManager } from './secrets-manager';
import { loadPrincipals, LOCAL_ACCOUNT, LOCAL_REGION, type Principals } from './principals';

export interface LocalOptions {
  /** Port of the service on 127.0.0.1; 0 for one that is free. */
  readonly port: number;
  /** Folder for all state; made when absent. */
  readonly dataDir: string;
  /**
   * Issuers whose user tokens are believed. A function is called once the port and the folder are held, so
   * that an issuer started along with the service does not hide that one of them is taken.
   */
  readonly trustedIssuers:
    readonly TrustedIssuer[] | ((service: { readonly port: number }) => Promise<readonly TrustedIssuer[]>);
  /** Told of a function that threw; written to stderr by default. */
  readonly reportFailure?: (failure: FunctionFailure) => void;
}

export interface LocalService {
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly principals: Principals;
  /** Absolute path. */
  readonly dataDir: string;
  /** Lets what is under way finish, then stops; the state stays in the data folder. */
  readonly close: () => Promise<void>;
}

let started = false;

/**
 * @throws StartError for what a person can put right: a taken port, a folder that is in use or unwritable
 * @throws Error when called a second time: the functions read the environment once, when they load
 */
export async function startLocal(options: LocalOptions): Promise<LocalService> {
  if (started) throw new Error('The embedded cloud starts once in a process.');
  started = true;

  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of closers.splice(0).reverse()) await stop();
  };
  try {
    return { ...(await startAll(options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startAll(
  options: LocalOptions,
  closers: (() => Promise<void>)[],
): Promise<Omit<LocalService, 'close'>> {
  const dataDir = resolve(options.dataDir);
  const emulatorCredentials = newEmulatorCredentials();
  await prepareDataFolder(dataDir);
  // The store's lock is what keeps a second process out of the folder, so it comes before the other files.
  const dynamodb = await startDynamoDb(join(dataDir, 'dynamodb'), emulatorCredentials);
  closers.push(dynamodb.close);
  const kms = await startKms(join(dataDir, 'kms.json'), emulatorCredentials);
  closers.push(kms.close);
  const secretsFile = join(dataDir, 'secrets.json');
  const secretsManager = await startSecretsManager(secretsFile, kms.key, emulatorCredentials);
  closers.push(secretsManager.close);
  const principals = await loadPrincipals(dataDir);

  // The functions must know the port when they load, so the port is taken before there is a gateway.
  let serve: RequestListener = (_request, response) => {
    answerError(response, starting());
  };
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    serve(request, response);
  });
  const { port, close } = await listenOnLoopback(server, options.port);
  closers.push(close);
  const endpoint = `http://${LOOPBACK}:${port}`;

  const { trustedIssuers } = options;
  setFunctionEnvironment(emulatorCredentials, {
    DIRECTORY_TABLE: localTableName('Directory'),
    KEYS_TABLE: localTableName('Keys'),
    SESSIONS_TABLE: localTableName('Sessions'),
    VAULT_TABLE: localTableName('Vault'),
    KMS_KEY_ARN: kms.keyArn,
    BASE_URL: endpoint,
    ARN_PREFIX: `arn:aws:bedrock-agentcore:${LOCAL_REGION}:${LOCAL_ACCOUNT}`,
    TRUSTED_ISSUERS: JSON.stringify(
      typeof trustedIssuers === 'function' ? await trustedIssuers({ port }) : trustedIssuers,
    ),
    LOOPBACK_PROVIDERS: 'allowed',
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.endpoint,
    // Powertools logs through the global console instead of a stream of its own.
    POWERTOOLS_DEV: 'true',
  });
  serve = createGateway({
    accountId: LOCAL_ACCOUNT,
    region: LOCAL_REGION,
    routes: Object.values(OPERATIONS),
    handlers: loadHandlers(),
    principals: Object.values(principals),
    reportFailure: options.reportFailure ?? writeFailure,
  });
  return { endpoint, region: LOCAL_REGION, accountId: LOCAL_ACCOUNT, principals, dataDir };
}

/** What of the developer's own AWS settings would send the functions' clients elsewhere is taken away. */
function setFunctionEnvironment(
  credentials: EmulatorCredentials,
  variables: Readonly<Record<string, string>>,
): void {
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']) {
    Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, variables, {
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
}

/** Each group's function is `lambda/handlers/{group}.ts`, loaded late: loading reads the environment. */
function loadHandlers(): Record<FunctionGroup, FunctionHandler> {
  const load = createRequire(__filename);
  const handlerOf = (group: FunctionGroup): FunctionHandler => {
    const { handler } = load(`../../lambda/handlers/${group}`) as { handler?: FunctionHandler };
    if (typeof handler !== 'function') throw new Error(`lambda/handlers/${group} exports no handler.`);
    return handler;
  };
  return Object.fromEntries(FUNCTION_GROUPS.map((group) => [group, handlerOf(group)])) as Record<
    FunctionGroup,
    FunctionHandler
  >;
}

function writeFailure({ requestId, resource, error }: FunctionFailure): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : 'not an error object';
  process.stderr.write(`Function behind ${resource} failed (request ${requestId}): ${reason}\n`);
}
