/** The settings of a function: what depends on measurement or load, and what an organization adds to its functions. */
import { SystemLogLevel, type ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import * as v from 'valibot';
import { checkPropNames, type PropNames } from './prop-names';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { GROUPS } from './function-groups';

/** Memory, concurrency, logs, and additions of a function. */
export interface FunctionSettings {
  /**
   * Memory in MiB. Lambda allocates CPU in proportion to it: one vCPU at 1769 MiB.
   * @default - the function's own default, from measurement (docs/performance.md)
   */
  readonly memorySize?: number;
  /**
   * The number of concurrent executions. Lambda reserves them from the account's concurrency. 0 stops the function.
   * @default - none reserved: the account's concurrency is the limit
   */
  readonly reservedConcurrentExecutions?: number;
  /**
   * The number of execution environments that Lambda keeps initialized. There is no cold start up to that load. Billed
   * by the hour.
   * @default - none
   */
  readonly provisionedConcurrentExecutions?: number;
  /**
   * Environment variables in addition to those of the service, such as `NODE_OPTIONS` or those of a layer. Variables that
   * the service sets cannot be changed.
   * @default - none
   */
  readonly environment?: Record<string, string>;
  /**
   * Lambda layers and extensions, such as those of a monitoring product, for Node.js 24 on arm64. They run with the
   * permissions of the function, and can read what it decrypts.
   * @default - none
   */
  readonly layers?: ILayerVersion[];
  /**
   * Whether AWS X-Ray traces the function.
   * @default true
   */
  readonly tracing?: boolean;
  /**
   * The least level of Lambda's own log records, which then are JSON. With `SystemLogLevel.WARN`, only those of failed
   * invocations are left. Audit entries and metrics stay at every level. The cold starts of the dashboard, and what the runbook
   * reads about memory and durations, then leave out the function (docs/cost.md).
   * @default - START, END, and REPORT of each invocation, as text
   */
  readonly systemLogLevel?: SystemLogLevel;
}

const FUNCTION_SETTINGS_PROPS: PropNames<FunctionSettings> = {
  memorySize: 'optional',
  reservedConcurrentExecutions: 'optional',
  provisionedConcurrentExecutions: 'optional',
  environment: 'optional',
  layers: 'optional',
  tracing: 'optional',
  systemLogLevel: 'optional',
};

const SYSTEM_LOG_LEVELS = Object.values(SystemLogLevel);

/** Settings of the service's functions, by function group. */
export interface ServiceFunctionSettings {
  /** Manages workload identities, credential providers, and policies. */
  readonly controlPlane?: FunctionSettings;
  /** Issues workload access tokens. */
  readonly tokenExchange?: FunctionSettings;
  /** Returns OAuth 2.0 access tokens and API keys. */
  readonly credentialRetrieval?: FunctionSettings;
  /** Serves the browser during consent, and the public metadata. */
  readonly oauthCallback?: FunctionSettings;
  /** Moves the token vault to another KMS key. */
  readonly tokenVault?: FunctionSettings;
  /** Lists what an agent holds for a user. */
  readonly grants?: FunctionSettings;
  /** Lists, suspends, and resumes agents and users for operators. */
  readonly operator?: FunctionSettings;
  /** Receives security events of identity providers. */
  readonly securityEvents?: FunctionSettings;
  /** Serves the pages of consent portals. */
  readonly portal?: FunctionSettings;
  /** Renews tokens in the background, and pushes authorization requests. */
  readonly providerClient?: FunctionSettings;
  /** Revokes grants, and tells providers. */
  readonly revocation?: FunctionSettings;
  /** Signs people in to consent portals, and connects and disconnects their accounts. */
  readonly connections?: FunctionSettings;
  /** Fetches security events of identity providers that cannot push them. */
  readonly eventPoll?: FunctionSettings;
  /** Creates, rotates, and revokes keys. */
  readonly keyRotation?: FunctionSettings;
}

/** @throws Error for settings of a function that the service does not have, which JavaScript does not check */
export function checkFunctionNames(settings: ServiceFunctionSettings): void {
  const members: readonly string[] = Object.values(GROUPS).map(({ setting }) => setting);
  const unknown = Object.keys(settings).find((name) => !members.includes(name));
  if (unknown === undefined) return;
  throw new Error(`functions.${unknown} must be a function of the service: ${members.join(', ')}`);
}

/**
 * Returns the settings of a group's function.
 *
 * @throws Error for settings that Lambda would reject in the middle of a deployment
 */
export const settingsOfGroup = (settings: ServiceFunctionSettings, group: FunctionGroup): FunctionSettings =>
  checkFunctionSettings(GROUPS[group].setting, settings[GROUPS[group].setting] ?? {});

/**
 * Returns the settings unchanged.
 *
 * @param name of the member of `functions`, for the error message
 * @throws Error for settings that Lambda would reject in the middle of a deployment
 */
export function checkFunctionSettings(name: string, settings: FunctionSettings): FunctionSettings {
  checkPropNames(`functions.${name}`, settings, FUNCTION_SETTINGS_PROPS);
  const { memorySize, reservedConcurrentExecutions, provisionedConcurrentExecutions, systemLogLevel } =
    settings;
  const invalid = (setting: string, must: string) =>
    new Error(`functions.${name}.${setting} must be ${must}`);
  const isWhole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (memorySize !== undefined && !isWhole(memorySize, 128, 10_240)) {
    throw invalid('memorySize', 'a whole number from 128 to 10240 (MiB)');
  }
  if (reservedConcurrentExecutions !== undefined && !isWhole(reservedConcurrentExecutions, 0, Infinity)) {
    throw invalid('reservedConcurrentExecutions', 'a whole number, 0 or more');
  }
  if (
    provisionedConcurrentExecutions !== undefined &&
    !isWhole(provisionedConcurrentExecutions, 1, reservedConcurrentExecutions ?? Infinity)
  ) {
    const most = reservedConcurrentExecutions === undefined ? '' : ' to the reserved concurrency';
    throw invalid('provisionedConcurrentExecutions', `a whole number from 1${most}`);
  }
  if (systemLogLevel !== undefined && !SYSTEM_LOG_LEVELS.includes(systemLogLevel)) {
    throw invalid('systemLogLevel', `one of ${SYSTEM_LOG_LEVELS.join(', ')}`);
  }
  return settings;
}

const settings = v.exactOptional(
  v.strictObject({
    memorySize: v.exactOptional(v.number()),
    reservedConcurrentExecutions: v.exactOptional(v.number()),
    provisionedConcurrentExecutions: v.exactOptional(v.number()),
    environment: v.exactOptional(v.record(v.string(), v.string())),
    tracing: v.exactOptional(v.boolean()),
    systemLogLevel: v.exactOptional(v.picklist(SYSTEM_LOG_LEVELS)),
  }),
);

/** {@link ServiceFunctionSettings} in a configuration file, which has no constructs. {@link checkFunctionSettings} checks the numbers. */
export const FunctionSettingsSchema = v.strictObject(
  Object.fromEntries(Object.values(GROUPS).map(({ setting }) => [setting, settings])),
);
