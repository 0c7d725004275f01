/** API keys for tools. */
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import {
  checkTool,
  checkWrapper,
  CREDENTIAL,
  optionsFor,
  sendAsAgent,
  ToolCredential,
  type CredentialOptions,
  type OptionsOrFunction,
  type Tool,
  type WrappedTool,
} from './credential';
import type { GateOptions } from './gate-headers';
import { checkOptions, optional, text, type Requirements } from './options';

/** Which key. The workload access token can be with or without a user: the key belongs to the agent. */
export type ApiKeyOptions = CredentialOptions;

const REQUIREMENTS: Requirements<ApiKeyOptions & GateOptions> = {
  ...CREDENTIAL,
  // API keys need no return URL, but `fromGate` returns one.
  callbackUrl: optional(text(`'https://app.example/connected'`)),
};

/** As {@link getApiKey}. The options are valid. */
async function issuedKey(options: ApiKeyOptions): Promise<string> {
  const { apiKey } = await sendAsAgent(options, (workloadIdentityToken, settings) =>
    options.identity.send(
      new GetResourceApiKeyCommand({
        workloadIdentityToken,
        resourceCredentialProviderName: options.providerName,
      }),
      settings,
    ),
  );
  if (apiKey === undefined)
    throw new Error(
      'The identity service returned no API key. Check that the endpoint is an identity service.',
    );
  return apiKey;
}

/**
 * Returns the API key of a credential provider.
 *
 * @throws ConfigurationError; WorkloadAccessTokenError; the signal's reason; the exceptions of the AWS SDK for errors of the service
 */
export async function getApiKey(options: ApiKeyOptions): Promise<string> {
  checkOptions('getApiKey', options, REQUIREMENTS);
  return issuedKey(options);
}

/** The first argument of a tool: `({ apiKey }, …)`. */
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
 * @param options options, or a function that makes them from the arguments of the tool
 * @returns a function that wraps a tool. The wrapped tool has no credential argument. It throws the errors of
 *   {@link getApiKey} and of the tool.
 */
export function withApiKey<Seen extends unknown[] = []>(options: OptionsOrFunction<ApiKeyOptions, Seen>) {
  checkWrapper('withApiKey', options, REQUIREMENTS);
  return <Arguments extends [...Seen, ...unknown[]], Result>(
    tool: Tool<ApiKeyCredential, Arguments, Result>,
  ): WrappedTool<Arguments, Result> => {
    checkTool('withApiKey', tool);
    return async (...args) => {
      const resolved = await optionsFor('withApiKey', options, REQUIREMENTS, args);
      return tool(new ApiKeyCredential(await issuedKey(resolved)), ...args);
    };
  };
}
