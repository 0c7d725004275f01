/** What the wrappers share: common options, options that depend on the call, and the credential that a tool gets. */
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { ConfigurationError } from './errors';
import { unlessAborted } from './waiting';
import { withWorkloadAccessToken, type WorkloadAccessTokenSource } from './workload-access-token';

export interface CredentialOptions {
  /** A client from `createIdentityClient`. */
  readonly identity: BedrockAgentCoreClient;
  /** The agent, and the user for whom it acts; see `fromGate` and `workloadAccessTokens`. */
  readonly workloadIdentityToken: WorkloadAccessTokenSource | string;
  /** Name of the credential provider. */
  readonly providerName: string;
  /** Ends all waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options, or a function that makes them from the first arguments of the tool. */
export type OptionsOrFunction<Options, Seen extends unknown[]> =
  Options | ((...seen: Seen) => Options | Promise<Options>);

/**
 * A tool as it is written. The credential comes first. After the caller's arguments, an additional argument would take
 * its place, and a missing argument would move it to another parameter.
 */
export type Tool<Credential, Arguments extends unknown[], Result> = (
  credential: Credential,
  ...args: Arguments
) => Result | Promise<Result>;

/** A tool as it is called: without the credential. */
export type WrappedTool<Arguments extends unknown[], Result> = (...args: Arguments) => Promise<Result>;

/**
 * What a tool gets instead of a plain string. No inspection shows the credential, and a tool that mistakes this object
 * for one of its arguments fails before it sends the object anywhere.
 */
export abstract class ToolCredential {
  /** @throws TypeError in string concatenation, template literals, and arithmetic */
  [Symbol.toPrimitive](): never {
    throw new TypeError(
      'A credential is an object, not a string. Take { accessToken } or { apiKey } in the first parameter of the tool.',
    );
  }
}

/**
 * Returns the values of a list. A string is iterable too, and would be taken for a list of its characters.
 *
 * @param name of the option
 * @throws ConfigurationError for a string
 */
export function listOf(name: string, values: Iterable<string>): string[] {
  if (typeof values === 'string') {
    throw new ConfigurationError(
      `\`${name}\` must be a collection of strings, not a string. Put the string into a list.`,
    );
  }
  return [...values];
}

/**
 * Rejects options that do not exist. In options that a function returns, TypeScript does not report a misspelled name.
 *
 * @throws ConfigurationError
 */
export function checkNames(options: object, names: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(names, name));
  if (unknown.length === 0) return;
  throw new ConfigurationError(
    `Not an option: ${unknown.join(', ')}. The options are ${Object.keys(names).join(', ')}.`,
  );
}

/** @param args of the tool's call */
export async function optionsFor<Options extends object, Seen extends unknown[]>(
  options: OptionsOrFunction<Options, Seen>,
  args: readonly [...Seen, ...unknown[]],
): Promise<Options> {
  return typeof options === 'function' ? options(...(args as unknown as Seen)) : options;
}

/** Sends one request with a valid workload access token, unless the signal aborts. */
export const sendAsAgent = <Output>(
  { workloadIdentityToken, signal }: CredentialOptions,
  send: (workloadIdentityToken: string, settings: { abortSignal?: AbortSignal }) => Promise<Output>,
): Promise<Output> =>
  unlessAborted(signal, () =>
    withWorkloadAccessToken(workloadIdentityToken, (token) =>
      send(token, signal ? { abortSignal: signal } : {}),
    ),
  );
