/**
 * Checks at synthesis that the environment of a function fits into Lambda. CloudFormation would find out in the middle
 * of a deployment. Lambda measures the JSON of all variables, in which the quotes of JSON values are escaped.
 * Source: AWS Lambda developer guide, "Lambda quotas": 4 KB for all environment variables.
 */
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct, IConstruct } from 'constructs';
import { atFullLength, isObject } from './full-length';

/** Below Lambda's 4,096 bytes, for values that turn out longer than estimated here. */
const MAX_ENVIRONMENT_BYTES = 4000;

/** The error message lists up to this many parts of a value. */
const LISTED_PARTS = 4;

/** An object with more members is listed as one part. */
const LARGE_OBJECT = 12;

/** What determines the value of a variable that contains JSON, for the error message. */
export interface VariableSource {
  /** The setting, such as `trustedIssuers`. */
  readonly setting: string;
  /** How to make it smaller, as a sentence. */
  readonly advice: string;
}

/** Sources by the name of the variable. */
export type VariableSources = Readonly<Record<string, VariableSource>>;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const figure = (bytes: number): string => bytes.toLocaleString('en-US');

interface Part {
  readonly name: string;
  readonly bytes: number;
}

/** Returns the members of an object with few members, such as conditions, and the whole of a larger one. */
function partsOf(name: string, value: unknown): Part[] {
  const members = isObject(value) ? Object.entries(value) : [];
  if (members.length > LARGE_OBJECT) return [{ name: `${members.length} ${name}`, bytes: bytesOf(value) }];
  if (members.length === 0) return [{ name, bytes: bytesOf(value) }];
  return members.map(([member, inner]) => ({ name: `${name}.${member}`, bytes: bytesOf(inner) }));
}

/** Returns what is large in a JSON value, without repeating the value. */
function contentOf(value: string): string {
  const content: unknown = JSON.parse(value);
  if (Array.isArray(content)) return `${content.length} entries`;
  const parts = isObject(content)
    ? Object.entries(content).flatMap(([name, member]) => partsOf(name, member))
    : [];
  parts.sort((one, other) => other.bytes - one.bytes);
  return parts
    .slice(0, LISTED_PARTS)
    .map(({ name, bytes }) => `${name} ${figure(bytes)}`)
    .join(', ');
}

/**
 * Returns what is wrong with an environment.
 *
 * @param variables with values of full length
 */
function environmentFault(
  variables: Readonly<Record<string, string>>,
  sources: VariableSources,
): string | undefined {
  const bytes = bytesOf(variables);
  if (bytes <= MAX_ENVIRONMENT_BYTES) return undefined;
  const sized = Object.entries(variables)
    .map(([name, value]) => ({ name, value, bytes: bytesOf({ [name]: value }) - 1 }))
    .sort((one, other) => other.bytes - one.bytes);
  const parts = sized.map(({ name, value, bytes: size }) => {
    const source = sources[name];
    return `${name} ${figure(size)}${source ? ` (${source.setting}: ${contentOf(value)})` : ''}`;
  });
  const advice = sources[sized[0]?.name ?? '']?.advice ?? 'Make the largest variable smaller.';
  return [
    `The environment of this function can have ${figure(bytes)} bytes at deployment, but ${figure(MAX_ENVIRONMENT_BYTES)} is the maximum, because Lambda accepts 4 KB for all variables together.`,
    `In bytes: ${parts.join('; ')}.`,
    advice,
  ].join(' ');
}

/** The sources of the variables of the functions that are validated. */
const SOURCES = new WeakMap<IConstruct, VariableSources>();

/** Returns what is wrong with the environment of a function; undefined also for other constructs. */
function faultOf(deployed: IConstruct): string | undefined {
  const sources = SOURCES.get(deployed);
  if (!sources) return undefined;
  const { environment } = deployed.node.defaultChild as CfnFunction;
  const { variables = {} } = atFullLength(deployed, environment ?? {}) as {
    variables?: Record<string, string>;
  };
  return environmentFault(variables, sources);
}

/**
 * Makes synthesis fail if the environment of the function does not fit into Lambda. The functions of a scope have most
 * variables in common, so the first one that does not fit has the message, with the names of the others.
 *
 * @param sources of variables whose size depends on settings
 */
export function validateEnvironment(deployed: Construct, sources: VariableSources): void {
  SOURCES.set(deployed, sources);
  deployed.node.addValidation({
    validate: () => {
      const fault = faultOf(deployed);
      if (fault === undefined) return [];
      const siblings = deployed.node.scope?.node.children ?? [];
      const [first, ...others] = siblings.filter((sibling) => faultOf(sibling) !== undefined);
      if (first !== deployed) return [];
      if (others.length === 0) return [fault];
      return [`${fault} It is also too large for ${others.map(({ node }) => node.id).join(', ')}.`];
    },
  });
}
