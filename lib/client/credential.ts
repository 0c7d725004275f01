/** What the wrappers share: common options, options that depend on the call, and the credential that a tool gets. */
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { ConfigurationError } from './errors';
import {
  checkOptions,
  IDENTITY,
  objectWith,
  optional,
  text,
  WORKLOAD_TOKEN,
  type Requirements,
} from './options';
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

/** The requirements of the common options. */
export const CREDENTIAL: Requirements<CredentialOptions> = {
  identity: IDENTITY,
  workloadIdentityToken: WORKLOAD_TOKEN,
  providerName: text(`'calendar'`),
  signal: optional(
    objectWith(['throwIfAborted', 'addEventListener'], 'an AbortSignal, such as AbortSignal.timeout(60_000)'),
  ),
};

/**
 * Validates what a wrapper is given when a tool is wrapped: options, unless a function makes them for each call.
 *
 * @param caller the wrapper, for messages
 * @throws ConfigurationError
 */
export function checkWrapper<Options>(
  caller: string,
  options: unknown,
  requirements: Requirements<Options>,
): void {
  if (typeof options !== 'function') checkOptions(caller, options, requirements);
}

/** @throws ConfigurationError if this is no function */
export function checkTool(caller: string, tool: unknown): void {
  if (typeof tool === 'function') return;
  throw new ConfigurationError(
    `What ${caller}(options) returns must be called with the tool, a function, before the tool can be called: ${caller}(options)(tool).`,
  );
}

/**
 * Returns the options of one call.
 *
 * @param args of the tool's call
 * @throws ConfigurationError if the function that makes the options returns other values
 */
export async function optionsFor<Options extends object, Seen extends unknown[]>(
  caller: string,
  options: OptionsOrFunction<Options, Seen>,
  requirements: Requirements<Options>,
  args: readonly [...Seen, ...unknown[]],
): Promise<Options> {
  if (typeof options !== 'function') return options;
  const made = await options(...(args as unknown as Seen));
  checkOptions(caller, made, requirements);
  return made;
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
