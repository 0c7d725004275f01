/** Finds and reads the configuration of a deployment: a file, and members from the context of the CDK. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { types } from 'node:util';
import * as v from 'valibot';
import { configurationFaults } from '../../lambda/domain/configuration';
import type { DeploymentConfiguration } from '.';
import { ConfigurationSchema, MEMBERS } from './members';

/** What the operator can correct. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const FILE_NAMES = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map(
  (extension) => `agent-identity.config.${extension}`,
);

/** Members that the context can state, too. They replace those of the file. */
const CONTEXT_MEMBERS = [
  'callers',
  'cloudWatchRole',
  'functions',
  'multiRegionKey',
  'tokenVaultKeys',
  'trustedIssuers',
] as const;

type Context = Readonly<Record<string, unknown>>;

function findFile(folder: string, stated: unknown): string | undefined {
  if (stated !== undefined) {
    const file = typeof stated === 'string' ? resolve(folder, stated) : undefined;
    if (file !== undefined && existsSync(file)) return file;
    throw new ConfigurationError(
      `config: no file ${JSON.stringify(stated)}. Write the path of a configuration file after "-c config=", relative to the folder of cdk.json.`,
    );
  }
  const [found, ...others] = FILE_NAMES.map((name) => resolve(folder, name)).filter(existsSync);
  if (others.length === 0) return found;
  const names = [found, ...others].map((file) => basename(String(file)));
  throw new ConfigurationError(
    `${names.join(' and ')} are both in the folder. Keep one of them, or name one with "-c config=".`,
  );
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Returns what the file exports: its default export, or `module.exports`. */
function contentOf(file: string): unknown {
  const name = basename(file);
  try {
    if (file.endsWith('.json')) return JSON.parse(readFileSync(file, 'utf8'));
    const exported: unknown = createRequire(__filename)(file);
    if (typeof exported !== 'object' || exported === null) return exported;
    if ('default' in exported) return exported.default;
    // An ES module with named exports only has no configuration.
    return types.isModuleNamespaceObject(exported) || '__esModule' in exported ? undefined : exported;
  } catch (error) {
    throw new ConfigurationError(`${name} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** Returns the value without members that are undefined, which the schemas would reject. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  const stated = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(stated.map(([name, member]) => [name, withoutUndefined(member)]));
}

/** @throws ConfigurationError with a line for each fault */
function validated(source: string, value: unknown): DeploymentConfiguration {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationError(
      `${source} must export an object by default: export default defineConfig({ … })`,
    );
  }
  const parsed = v.safeParse(ConfigurationSchema, value);
  // The value itself, because the schemas add defaults that belong to the constructs.
  if (parsed.success) return value;
  const faults = configurationFaults(ConfigurationSchema, '', parsed.issues);
  throw new ConfigurationError(
    faults.length === 1 ? `${source}: ${faults.join('')}` : [`${source}:`, ...faults].join('\n  '),
  );
}

/** @throws ConfigurationError for a member that only the file can state, which would be without effect */
function fromContext(context: Context): Record<string, unknown> {
  const others = Object.keys(MEMBERS).filter((name) => !CONTEXT_MEMBERS.some((member) => member === name));
  const unread = others.find((name) => context[name] !== undefined);
  if (unread !== undefined) {
    throw new ConfigurationError(
      `context: ${unread} is read only from the configuration file. Write it into ${FILE_NAMES[0]}.`,
    );
  }
  const stated = CONTEXT_MEMBERS.filter((name) => context[name] !== undefined);
  return Object.fromEntries(
    stated.map((name) => {
      const value = context[name];
      if (typeof value !== 'string') return [name, value];
      try {
        return [name, JSON.parse(value)];
      } catch {
        throw new ConfigurationError(`context: ${name} must be JSON, in quotes of the shell: -c ${name}='…'`);
      }
    }),
  );
}

/**
 * Returns the configuration of the file, with the members of the context.
 *
 * @param folder that contains the file
 * @param context `config` names another file
 * @throws ConfigurationError that names the file and each member that is not valid
 */
export function readConfiguration(folder: string, context: Context): DeploymentConfiguration {
  const file = findFile(folder, context.config);
  const inFile = file === undefined ? {} : validated(basename(file), withoutUndefined(contentOf(file)));
  return { ...inFile, ...validated('context', fromContext(context)) };
}

/** The error of a construct: its path, which begins with the ID of its stack, and what a prop must be. */
const CONSTRUCT_ERROR = /^AgentIdentityState(?:ful|less)(?:\/[^:\n]*)?: (.+)$/s;

/** The error of checks that need the finished constructs: a line for each, with the path of the construct. */
const VALIDATION_ERROR =
  /^Validation failed with the following errors:\n\s*(\[AgentIdentityState(?:ful|less)\b.+)$/s;

/** Returns what a construct rejects; undefined for other errors. */
function faultIn({ message }: Error): string | undefined {
  return (CONSTRUCT_ERROR.exec(message) ?? VALIDATION_ERROR.exec(message))?.[1];
}

/**
 * Creates constructs from the configuration.
 *
 * @param make creates the constructs, and synthesizes them
 * @throws ConfigurationError for a value that a construct rejects, with the name of the file in place of the construct's path
 */
export function withConfigurationErrors<Result>(
  folder: string,
  context: Context,
  make: () => Result,
): Result {
  try {
    return make();
  } catch (error) {
    const fault = error instanceof Error ? faultIn(error) : undefined;
    if (fault === undefined) throw error;
    const inContext = CONTEXT_MEMBERS.some((name) => context[name] !== undefined && fault.startsWith(name));
    const file = inContext ? undefined : findFile(folder, context.config);
    throw new ConfigurationError(`${file === undefined ? 'context' : basename(file)}: ${fault}`, {
      cause: error,
    });
  }
}
