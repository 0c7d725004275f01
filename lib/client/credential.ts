/** What the wrappers have in common: whose credential it is, and options that depend on the call. */
import type { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { unlessAborted } from './waiting';
import { withWorkloadAccessToken, type WorkloadAccessTokenSource } from './workload-access-token';

export interface CredentialOptions {
  readonly identity: BedrockAgentCoreClient;
  /** The agent, and the user that it acts for; see `fromGate` and `workloadAccessTokens`. */
  readonly workloadIdentityToken: WorkloadAccessTokenSource | string;
  /** Of the credential provider. */
  readonly providerName: string;
  /** Ends all waiting, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options, or a function that makes them from the first arguments of the tool. */
export type OptionsOrFunction<Options, Seen extends unknown[]> =
  Options | ((...seen: Seen) => Options | Promise<Options>);

/** A tool as it is written: the credential is its last argument. */
export type Tool<Arguments extends unknown[], Result> = (
  ...args: [...Arguments, credential: string]
) => Result | Promise<Result>;

/** A tool as it is called. */
export type WrappedTool<Arguments extends unknown[], Result> = (...args: Arguments) => Promise<Result>;

/** @param args of the tool's call */
export async function optionsFor<Options extends object, Seen extends unknown[]>(
  options: OptionsOrFunction<Options, Seen>,
  args: readonly [...Seen, ...unknown[]],
): Promise<Options> {
  return typeof options === 'function' ? options(...(args as unknown as Seen)) : options;
}

/** Sends one request under a workload access token that has not ended, for as long as nobody calls it off. */
export const sendAsAgent = <Answer>(
  { workloadIdentityToken, signal }: CredentialOptions,
  send: (workloadIdentityToken: string, settings: { abortSignal?: AbortSignal }) => Promise<Answer>,
): Promise<Answer> =>
  unlessAborted(signal, () =>
    withWorkloadAccessToken(workloadIdentityToken, (token) =>
      send(token, signal ? { abortSignal: signal } : {}),
    ),
  );
