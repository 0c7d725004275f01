/** Finds and reads the configuration of a deployment: a file, and members from the context of the CDK. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import * as v from 'valibot';
import { configurationFaults } from '../../lambda/contract/configuration';
import type { DeploymentConfiguration } from '.';
import { ConfigurationSchema } from './members';

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
    if (typeof exported !== 'object' || exported === null || !('default' in exported)) return exported;
    return exported.default;
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

function fromContext(context: Context): Record<string, unknown> {
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
