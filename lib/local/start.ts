/**
 * Starts the embedded cloud in this process: the AWS services that the service uses, and its functions behind a gateway,
 * as in an AWS account.
 */
import { resolve } from 'node:path';
import { startEmulators } from './emulators';
import { startFunctions, type FunctionsOptions, type LocalFunctions } from './functions';
import { LOCAL_ACCOUNT, LOCAL_REGION, type Principals } from './principals';

export interface LocalOptions extends Pick<
  FunctionsOptions,
  'port' | 'publicAddress' | 'trustedIssuers' | 'names' | 'reportFailure' | 'logPath' | 'consoleFile'
> {
  /** Folder for all state; created if it is missing. It is locked before an issuer starts with the service. */
  readonly dataDir: string;
}

export interface LocalService {
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly principals: Principals;
  /** Addresses of the two APIs of gateways: for gateways with user tokens, and for those whose callers sign. */
  readonly gateways: LocalFunctions['gateways'];
  /** Absent without a public address. */
  readonly publicPages?: LocalFunctions['publicPages'];
  /** Where principals create the keys, secrets, and objects of credential providers, with AWS clients. */
  readonly awsEndpoints: { readonly kms: string; readonly secretsManager: string; readonly s3: string };
  /** Absolute path. */
  readonly dataDir: string;
  /** Functions of the local Lambda, by name. You can add agents. */
  readonly functions: LocalFunctions['functions'];
  /** The owner tags of these functions. */
  readonly ownerTags: LocalFunctions['ownerTags'];
  /** Returns an address that opens the console once. */
  readonly consoleLink: LocalFunctions['consoleLink'];
  /** Waits for open requests, then stops. The state stays in the data folder. */
  readonly close: () => Promise<void>;
}

/**
 * @throws StartError for what a person can correct: a taken port, or a folder that is in use or not writable
 * @throws Error when called a second time, because the functions read the environment once, when they load
 */
export async function startLocal({ dataDir: folder, ...options }: LocalOptions): Promise<LocalService> {
  const dataDir = resolve(folder);
  const emulators = await startEmulators(dataDir, options.port, options.names);
  try {
    const { access, principals } = emulators;
    const functions = await startFunctions({ ...options, emulators: access, principals });
    return {
      endpoint: functions.endpoint,
      region: LOCAL_REGION,
      accountId: LOCAL_ACCOUNT,
      principals,
      gateways: functions.gateways,
      ...(functions.publicPages && { publicPages: functions.publicPages }),
      awsEndpoints: {
        kms: access.endpoints.kms,
        secretsManager: access.endpoints.secretsManager,
        s3: access.endpoints.s3,
      },
      dataDir,
      functions: functions.functions,
      ownerTags: functions.ownerTags,
      consoleLink: functions.consoleLink,
      close: async () => {
        await functions.close();
        await emulators.close();
      },
    };
  } catch (error) {
    await emulators.close();
    throw error;
  }
}
