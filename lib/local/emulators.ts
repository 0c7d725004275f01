/**
 * The AWS services of the embedded cloud, over one data folder: DynamoDB, KMS, Secrets Manager, S3, and STS. Functions
 * in this process or another find them by {@link EmulatorAccess}.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDataFolder } from './data-folder';
import { startDynamoDb } from './dynamodb';
import { newEmulatorCredentials, type EmulatorCredentials } from './emulator-access';
import { startKms } from './kms';
import { portBehind, type DerivedPort } from './loopback-server';
import { loadPrincipals, type Principals } from './principals';
import { isRegularFile } from './private-path';
import { startS3 } from './s3';
import { startSecretsManager } from './secrets-manager';
import { ENVIRONMENT_VARIABLES, type SettingNames } from './setting-names';
import { StartError } from './start-error';
import { startSts } from './sts';

/** Addresses of the emulators and credentials for them: plain data, which can be passed to another process. */
export interface EmulatorAccess {
  readonly credentials: EmulatorCredentials;
  readonly endpoints: {
    readonly dynamodb: string;
    readonly kms: string;
    readonly s3: string;
    readonly secretsManager: string;
    readonly sts: string;
  };
  /** ARN of the key that the service is deployed with. */
  readonly kmsKeyArn: string;
}

export interface Emulators {
  readonly access: EmulatorAccess;
  /** Who can call the service, and manage keys, secrets, and objects. */
  readonly principals: Principals;
  /** Waits for open requests, then stops. The state stays in the data folder. */
  readonly close: () => Promise<void>;
}

/** Ports of KMS, Secrets Manager, and S3 for AWS clients, counted from the port of the service. The examples are between. */
const KMS_OFFSET = 9;
const SECRETS_MANAGER_OFFSET = 10;
const S3_OFFSET = 11;

/** Returns the ports that the emulators need after the port of the service. */
export const emulatorPorts = (servicePort: number): Record<'kms' | 's3' | 'secretsManager', DerivedPort> => ({
  kms: portBehind(servicePort, KMS_OFFSET, 'the local KMS'),
  secretsManager: portBehind(servicePort, SECRETS_MANAGER_OFFSET, 'the local Secrets Manager'),
  s3: portBehind(servicePort, S3_OFFSET, 'the local S3'),
});

/**
 * @param dataDir absolute path; created if it is missing
 * @param servicePort port of the service, after which KMS, Secrets Manager, and S3 listen; 0 for free ports
 * @param names of the settings in messages
 * @throws StartError for what a person can correct: a folder that is in use, not writable, or damaged, or a taken port
 */
export async function startEmulators(
  dataDir: string,
  servicePort = 0,
  names = ENVIRONMENT_VARIABLES,
): Promise<Emulators> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of closers.splice(0).reverse()) await stop();
  };
  try {
    return { ...(await startEach(dataDir, servicePort, names, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The parts of a data folder in the order in which the first start creates them, and what a new one could not do. */
const PARTS = [
  [
    'dynamodb',
    'The database dynamodb is missing in the data folder, and an empty one would have none of its agents',
  ],
  [
    'principals.json',
    'The file principals.json with the local principals is missing in the data folder, and new ones would not own its agents and providers',
  ],
  [
    'kms.json',
    'The file kms.json with the keys is missing in the data folder, so its data cannot be decrypted',
  ],
  [
    'secrets.json',
    'The file secrets.json of the local Secrets Manager is missing in the data folder, and its providers would have no secrets',
  ],
] as const;

/** The part that the first start creates after the others. A folder without it can be from before there was a local S3. */
const LAST_PART = 'objects.json';

const isFilled = (folder: string): boolean => existsSync(folder) && readdirSync(folder).length > 0;

/**
 * Checks that a data folder is complete. A first start that was killed has created the first parts, so a missing one is
 * lost if there is a later one.
 *
 * @throws StartError for a lost part, or a pipe or a symbolic link in its place
 */
function checkParts(dataDir: string, names: SettingNames): void {
  const has = (part: string): boolean =>
    part === 'dynamodb' ? isFilled(join(dataDir, part)) : isRegularFile(join(dataDir, part), names);
  // The last one is looked for first, because another process can be creating them.
  const last = [...PARTS.map(([part]) => part), LAST_PART].findLastIndex(has);
  const lost = PARTS.find(([part], index) => index < last && !has(part));
  if (!lost) return;
  throw new StartError(
    `${lost[1]}: ${dataDir}. Restore the data folder from a backup. To begin with an empty one, move the data folder away, or set ${names.of('DATA_DIR')} to another folder.`,
  );
}

async function startEach(
  dataDir: string,
  servicePort: number,
  names: SettingNames,
  closers: (() => Promise<void>)[],
): Promise<Omit<Emulators, 'close'>> {
  const credentials = newEmulatorCredentials();
  await prepareDataFolder(dataDir, names);
  checkParts(dataDir, names);
  // The lock of the store keeps a second process out of the folder, so it comes before the other files.
  const dynamodb = await startDynamoDb(join(dataDir, 'dynamodb'), credentials, names);
  closers.push(dynamodb.close);
  const principals = await loadPrincipals(dataDir, names);
  const ports = emulatorPorts(servicePort);
  const kms = await startKms(join(dataDir, 'kms.json'), credentials, principals, ports.kms, names);
  closers.push(kms.close);
  const secretsManager = await startSecretsManager({
    path: join(dataDir, 'secrets.json'),
    key: kms.key,
    credentials,
    principals,
    port: ports.secretsManager,
    names,
  });
  closers.push(secretsManager.close);
  const s3 = await startS3({
    path: join(dataDir, 'objects.json'),
    credentials,
    principals,
    port: ports.s3,
    names,
  });
  closers.push(s3.close);
  const sts = await startSts(credentials);
  closers.push(sts.close);
  const access = {
    credentials,
    endpoints: {
      dynamodb: dynamodb.endpoint,
      kms: kms.endpoint,
      s3: s3.endpoint,
      secretsManager: secretsManager.endpoint,
      sts: sts.endpoint,
    },
    kmsKeyArn: kms.keyArn,
  };
  return { access, principals };
}
