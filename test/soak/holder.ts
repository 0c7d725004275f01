/**
 * An agent with one of its users, and what must be true of them: the model that every response is compared with. One caller
 * has a holder at a time, so each response has one right answer.
 */
import { type GetResourceOauth2TokenCommandOutput } from '@aws-sdk/client-bedrock-agentcore';
import type { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import type { StrictProvider } from '../storm/strict-provider';
import type { TestAgent } from '../flows/support/world';

/** A response that contradicts the model. Its message contains no credential. */
export class Contradiction extends Error {}

/** The API key of an agent's provider, which another caller can change during a request. */
export class SharedApiKey {
  #allowed: readonly string[];

  constructor(
    readonly providerName: string,
    first: string,
  ) {
    this.#allowed = [first];
  }

  /** The keys that a response can contain now: both while an update is in progress. */
  get allowed(): readonly string[] {
    return this.#allowed;
  }

  async change(control: BedrockAgentCoreControl, apiKey: string): Promise<void> {
    if (this.#allowed.length > 1) return;
    this.#allowed = [...this.#allowed, apiKey];
    await control.updateApiKeyCredentialProvider({ name: this.providerName, apiKey });
    this.#allowed = [apiKey];
  }
}

export interface HolderParts {
  readonly agent: TestAgent;
  readonly userId: string;
  readonly apiKey: SharedApiKey;
  readonly provider: StrictProvider;
  /** Revokes the grant, by RevokeResourceGrant. */
  readonly revoke: (input: object) => Promise<unknown>;
}

/** Milliseconds after a response during which its token cannot have expired: a part of the margin of the service. */
const CERTAINLY_VALID = 1_500;

export class Holder {
  /** Whether the user has granted the agent access. */
  connected = false;

  constructor(private readonly parts: HolderParts) {}

  async consent(): Promise<void> {
    const { agent, userId } = this.parts;
    const { authorizationUrl } = await this.#ask();
    if (authorizationUrl === undefined) throw new Contradiction('a token without a grant');
    await agent.complete(await agent.consent(authorizationUrl, userId), { userId });
    this.connected = true;
    await this.read();
  }

  /** Gets the stored token, or a link if there is no grant. */
  async read(): Promise<void> {
    const { accessToken, authorizationUrl } = await this.#ask();
    const received = Date.now();
    if (!this.connected) {
      if (authorizationUrl === undefined || accessToken !== undefined)
        throw new Contradiction('a token after the grant was revoked');
      return;
    }
    if (accessToken === undefined) throw new Contradiction('no token for a grant');
    const { provider, userId } = this.parts;
    const subject = await provider.subjectOf(accessToken);
    if (subject === undefined && Date.now() - received < CERTAINLY_VALID)
      throw new Contradiction('a token that its server does not accept');
    // A user has only one agent, so a token of another agent would have another user, too.
    if (subject !== undefined && subject !== userId) throw new Contradiction("another user's token");
  }

  async revoke(): Promise<void> {
    const { agent, userId, revoke } = this.parts;
    await revoke({
      workloadIdentityToken: await agent.token({ userId }),
      resourceCredentialProviderName: agent.providerName,
    });
    this.connected = false;
    await this.read();
  }

  async readApiKey(): Promise<void> {
    const { agent, userId, apiKey } = this.parts;
    const workloadIdentityToken = await agent.token({ userId });
    const before = apiKey.allowed;
    const response = await agent.client.getResourceApiKey({
      workloadIdentityToken,
      resourceCredentialProviderName: apiKey.providerName,
    });
    if (![...before, ...apiKey.allowed].includes(response.apiKey ?? ''))
      throw new Contradiction('an API key that was replaced');
  }

  /** Gets a token for the agent itself. */
  async readOwnToken(): Promise<void> {
    const { agent, provider } = this.parts;
    const { accessToken } = await agent.ask(await agent.token(), { oauth2Flow: 'M2M', scopes: ['a'] });
    if (accessToken === undefined) throw new Contradiction('no token for the agent itself');
    if ((await provider.subjectOf(accessToken)) !== undefined)
      throw new Contradiction("a user's token for the agent itself");
  }

  async #ask(): Promise<GetResourceOauth2TokenCommandOutput> {
    const { agent, userId } = this.parts;
    return agent.ask(await agent.token({ userId }));
  }
}
