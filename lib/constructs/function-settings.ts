/** The settings of a function: what depends on measurement or load, and what an organization adds to its functions. */
import { SystemLogLevel, type ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import * as v from 'valibot';
import { validConfiguration } from '../../lambda/domain/configuration';
import { GROUPS } from './function-groups';

/** Memory, concurrency, logs, and additions of a function. */
export interface FunctionSettings {
  /**
   * Memory in MiB. Lambda allocates CPU in proportion to it: one vCPU at 1769 MiB.
   * @default - the function's own default, from measurement (docs/engineering/performance.md)
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
   * reads about memory and durations, then leave out the function (docs/scale-and-cost.md).
   * @default - START, END, and REPORT of each invocation, as text
   */
  readonly systemLogLevel?: SystemLogLevel;
}

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

const whole = (least: number, most: number, must: string) =>
  v.pipe(
    v.number(must),
    v.check((value) => Number.isInteger(value) && value >= least && value <= most, must),
  );

const SETTINGS = {
  memorySize: v.optional(whole(128, 10_240, 'must be a whole number from 128 to 10240 (MiB)')),
  reservedConcurrentExecutions: v.optional(whole(0, Infinity, 'must be a whole number, 0 or more')),
  provisionedConcurrentExecutions: v.optional(whole(1, Infinity, 'must be a whole number, 1 or more')),
  environment: v.optional(v.record(v.string(), v.string())),
  tracing: v.optional(v.boolean()),
  systemLogLevel: v.optional(v.picklist(Object.values(SystemLogLevel))),
} satisfies Record<Exclude<keyof FunctionSettings, 'layers'>, v.GenericSchema>;

/** Returns the schema of functions by their names, whose settings Lambda does not reject in the middle of a deployment. */
const functionsSchema = (names: readonly string[], additions: v.ObjectEntries) => {
  const settings = v.pipe(
    v.strictObject({ ...SETTINGS, ...additions }),
    v.forward(
      v.check(
        ({
          provisionedConcurrentExecutions: provisioned = 0,
          reservedConcurrentExecutions: reserved = Infinity,
        }) => provisioned <= reserved,
        'must be reservedConcurrentExecutions or less',
      ),
      ['provisionedConcurrentExecutions'],
    ),
  );
  return v.strictObject(Object.fromEntries(names.map((name) => [name, v.optional(settings)])));
};

export const SERVICE_FUNCTIONS = Object.values(GROUPS).map(({ setting }) => setting);

/** {@link ServiceFunctionSettings} in a configuration file, which has no constructs. */
export const FunctionSettingsSchema = functionsSchema(SERVICE_FUNCTIONS, {});

/**
 * @param name of the prop, for the error message
 * @param names of the functions that there are
 * @throws Error for settings that Lambda would reject in the middle of a deployment, and for other functions and settings
 */
export function checkFunctions(name: string, names: readonly string[], functions: object): void {
  validConfiguration(functionsSchema(names, { layers: v.optional(v.array(v.any())) }), name, functions);
}
