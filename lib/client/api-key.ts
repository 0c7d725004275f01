/** API keys for tools. */
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import {
  optionsFor,
  sendAsAgent,
  ToolCredential,
  type CredentialOptions,
  type OptionsOrFunction,
  type Tool,
  type WrappedTool,
} from './credential';

/** Which key; the workload access token may be for a user or not, for the key is the agent's. */
export type ApiKeyOptions = CredentialOptions;

/** @throws WorkloadAccessTokenError; the signal's reason; AWS's exceptions for what the service refuses */
export async function getApiKey(options: ApiKeyOptions): Promise<string> {
  const { apiKey } = await sendAsAgent(options, (workloadIdentityToken, settings) =>
    options.identity.send(
      new GetResourceApiKeyCommand({
        workloadIdentityToken,
        resourceCredentialProviderName: options.providerName,
      }),
      settings,
    ),
  );
  if (apiKey === undefined) throw new Error('The service answered without an API key.');
  return apiKey;
}

/** What a tool gets: `({ apiKey }, …)`. */
export class ApiKeyCredential extends ToolCredential {
  readonly #apiKey: string;

  constructor(apiKey: string) {
    super();
    this.#apiKey = apiKey;
  }

  get apiKey(): string {
    return this.#apiKey;
  }
}

/**
 * Wraps a tool, which gets the API key in an object as its first argument: `({ apiKey }, town) => …`.
 *
 * @param options or a function that makes them from the tool's own arguments
 * @returns what makes of the tool one without that argument; it throws as {@link getApiKey}, or what the tool throws
 */
export const withApiKey =
  <Seen extends unknown[] = []>(options: OptionsOrFunction<ApiKeyOptions, Seen>) =>
  <Arguments extends [...Seen, ...unknown[]], Result>(
    tool: Tool<ApiKeyCredential, Arguments, Result>,
  ): WrappedTool<Arguments, Result> =>
  async (...args) =>
    tool(new ApiKeyCredential(await getApiKey(await optionsFor(options, args))), ...args);
