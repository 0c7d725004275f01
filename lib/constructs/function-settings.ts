/** What of a function is chosen by measurement or by load: its memory, and how many of it run at once. */
import {
  Alias,
  type Function as LambdaFunction,
  type IFunction,
  type IVersion,
} from 'aws-cdk-lib/aws-lambda';
import * as v from 'valibot';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/contract/operations';
import { parseConfiguration } from '../../lambda/contract/configuration';

export interface FunctionSettings {
  /**
   * Mebibytes. Lambda gives CPU in proportion to it, a whole one at 1769.
   * @default - by group, from measurement (docs/performance.md)
   */
  readonly memorySize?: number;
  /**
   * How many of the function may run at once; so many are kept for it out of the account's concurrency. 0 stops it.
   * @default - as many as the account has
   */
  readonly reservedConcurrency?: number;
  /**
   * How many of the function are kept started, so that callers meet no cold start up to that load. Billed by the hour.
   * @default - none
   */
  readonly provisionedConcurrency?: number;
}

/**
 * Mebibytes by group. None uses more than 140; what is chosen is CPU, as docs/performance.md has it from
 * `npm run measure:functions`: most where every step of an agent waits, least where nobody does.
 */
export const MEMORY_SIZE: Readonly<Record<FunctionGroup, number>> = {
  'control-plane': 512,
  'token-exchange': 1024,
  'credential-retrieval': 1024,
  'oauth-callback': 512,
  'token-vault': 512,
  'provider-client': 512,
  'key-rotation': 256,
};

/** @throws Error in plain words for what Lambda would refuse when it is half deployed */
export function checkFunctionSettings(group: string, settings: FunctionSettings): FunctionSettings {
  const { memorySize, reservedConcurrency, provisionedConcurrency } = settings;
  const refuse = (setting: string, must: string) =>
    new Error(`functions: ${group}: ${setting} must be ${must}`);
  const isWhole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (memorySize !== undefined && !isWhole(memorySize, 128, 10_240)) {
    throw refuse('memorySize', '128 to 10240 mebibytes');
  }
  if (reservedConcurrency !== undefined && !isWhole(reservedConcurrency, 0, Infinity)) {
    throw refuse('reservedConcurrency', 'a whole number, 0 or more');
  }
  if (
    provisionedConcurrency !== undefined &&
    !isWhole(provisionedConcurrency, 1, reservedConcurrency ?? Infinity)
  ) {
    throw refuse('provisionedConcurrency', 'a whole number from 1 to the reserved concurrency');
  }
  return settings;
}

/**
 * What callers invoke: the function, or, where some of it are kept started, an alias of the version that is deployed.
 * CDK's classes and interfaces differ in whether a role may be undefined.
 *
 * @param provisionedConcurrentExecutions how many are kept started; none when it is left out
 */
export function keptStarted(
  deployed: LambdaFunction,
  provisionedConcurrentExecutions: number | undefined,
): IFunction {
  if (provisionedConcurrentExecutions === undefined) return deployed;
  return new Alias(deployed, 'live', {
    aliasName: 'live',
    version: deployed.currentVersion as IVersion,
    provisionedConcurrentExecutions,
  }) as IFunction;
}

const SettingsOfFunctionsSchema = v.record(
  v.picklist(FUNCTION_GROUPS, `must be one of ${FUNCTION_GROUPS.join(', ')}`),
  v.strictObject({
    memorySize: v.exactOptional(v.number()),
    reservedConcurrency: v.exactOptional(v.number()),
    provisionedConcurrency: v.exactOptional(v.number()),
  }),
);

/**
 * Settings from configuration; which numbers Lambda takes, {@link checkFunctionSettings} says.
 *
 * @param json a JSON object of settings by function group
 * @throws Error in plain words
 */
export const parseSettingsOfFunctions = (json: string): Partial<Record<FunctionGroup, FunctionSettings>> =>
  parseConfiguration(
    SettingsOfFunctionsSchema,
    'functions',
    'an object like {"token-exchange":{"provisionedConcurrency":2}}',
    json,
  );
