/** What a flow uses: the cloud, a real authorization server, and agents with new names. */
import { CreateOauth2CredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import type { GetResourceOauth2TokenCommandOutput } from '@aws-sdk/client-bedrock-agentcore';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { Browser } from '../flows/support/browser';
import { customProvider } from '../flows/support/custom-provider';
import { RETURN_URL, TestAgent, type Ask } from '../flows/support/world';
import type { Answer, Cloud } from './cloud';
import type { Tables } from './inventory';
import type { KillsProvider } from './provider';

/** Seconds after which an answered consent session no longer counts as open (docs/engineering/architecture.md, "Consent"). */
export const UNFINISHED_SESSION = 61;

/** Seconds after which a lease of a renewal is over by any clock (`lambda/domain/grant/lease.ts`): 8 and 120. */
export const LEASE_OVER = 130;

/** Seconds after which a worker of the outbox has lost what it took, or a sweep tries an item again. */
const ITEM_OVER = 65;

/** Sweeps after which a revocation is done: the killed one, the next, and those after back-offs. */
const SWEEPS = 6;

/** Consents after a kill: the one that was interrupted, and another. */
const CONSENTS = 3;

export class Stage {
  private names = 0;

  constructor(
    readonly cloud: Cloud,
    readonly provider: KillsProvider,
    readonly tables: Tables,
  ) {}

  /** Returns a name that no other run has. */
  name(kind: string): string {
    this.names += 1;
    return `${kind}-${this.names}`;
  }

  /** A new agent with its own credential provider. */
  async agent(): Promise<TestAgent> {
    const control = this.cloud.control();
    const name = this.name('agent');
    await control.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
    const providerName = this.name('provider');
    const { callbackUrl = '' } = await control.send(this.creation(providerName));
    this.provider.allowRedirect(callbackUrl);
    return new TestAgent(this.cloud.data(), name, providerName, callbackUrl);
  }

  /** The command that creates a credential provider for the authorization server. */
  creation(name: string): CreateOauth2CredentialProviderCommand {
    const { discoveryUrl, clientId, clientSecret } = this.provider;
    return new CreateOauth2CredentialProviderCommand({
      name,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    });
  }

  /** A new agent with a grant of the user. */
  async connected(userId: string): Promise<{ agent: TestAgent; accessToken: string }> {
    const agent = await this.agent();
    return { agent, accessToken: await agent.connect(userId) };
  }

  /**
   * Asks for a token, as the agent does. If the service was killed, the clock moves past the lease that it left.
   *
   * @param userId undefined for the agent's own token
   */
  ask(
    agent: TestAgent,
    userId: string | undefined,
    ask: Ask = {},
  ): Promise<GetResourceOauth2TokenCommandOutput> {
    return this.cloud.retry(
      async () => agent.ask(await agent.token(userId === undefined ? undefined : { userId }), ask),
      () => this.cloud.moveClock(LEASE_OVER),
    );
  }

  /**
   * Obtains the user's token as an application does: a person opens the authorization URL and reloads a page that does
   * not load, and the application completes the session and asks again. Returns the token and how often the person
   * consented.
   */
  async obtain(
    agent: TestAgent,
    userId: string,
    ask: Ask = {},
  ): Promise<{ token: string; consents: number }> {
    for (let consents = 0; consents <= CONSENTS; consents += 1) {
      const { accessToken, authorizationUrl = '' } = await this.ask(agent, userId, ask);
      if (accessToken !== undefined) return { token: accessToken, consents };
      const back = await this.consent(authorizationUrl, userId);
      const completionUri = back?.searchParams.get('session_id') ?? undefined;
      if (completionUri === undefined || !(await this.complete(agent, userId, completionUri)))
        await this.cloud.moveClock(UNFINISHED_SESSION);
    }
    throw new Error('no token after several consents');
  }

  /** Completes the session. Returns whether it was completed; a completion without a response might have been. */
  private async complete(agent: TestAgent, userId: string, completionUri: string): Promise<boolean> {
    try {
      await this.cloud.retry(() => agent.complete(completionUri, { userId }));
      return true;
    } catch (error) {
      if (error instanceof Error && error.message === 'Invalid or expired session') return false;
      throw error;
    }
  }

  /** Returns the URL at which the browser arrives at the application; undefined if it does not. */
  private async consent(authorizationUrl: string, login: string): Promise<URL | undefined> {
    const browser = new Browser();
    let url = authorizationUrl;
    let form: Record<string, string> | undefined;
    for (let hops = 0; hops < 20; hops += 1) {
      if (url.startsWith(RETURN_URL)) return new URL(url);
      const page = await this.cloud.retry(async () => {
        const loaded = await browser.step(url, form);
        if (loaded.status === 502) throw new Error('the service was killed');
        return loaded;
      });
      const location = page.headers.get('location');
      form = undefined;
      if (location !== null) {
        url = new URL(location, page.url).href;
        continue;
      }
      const next = /<form[^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/s.exec(page.html);
      if (!next) return undefined;
      url = new URL(next[1] ?? '', page.url).href;
      const hidden = [...(next[2] ?? '').matchAll(/name="([^"]*)" value="([^"]*)"/g)];
      form = {
        ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])),
        ...(page.html.includes('name="login"') && { login, password: 'any' }),
      };
    }
    throw new Error('too many redirects');
  }

  /** Calls an operation of the operators' plane; repeats it if the service was killed. */
  operate(operation: string, input: object): Promise<Answer> {
    return this.cloud.retry(() => this.cloud.post(`/operator/${operation}`, input, 'operator'));
  }

  /** Calls an agent's operation for which AWS SDK clients have no command. */
  post(operation: string, input: object): Promise<Answer> {
    return this.cloud.retry(() => this.cloud.post(`/identities/${operation}`, input, 'agent'));
  }

  /** Invokes the function as a schedule does, again if the service was killed. */
  invoke(group: FunctionGroup, event: object): Promise<unknown> {
    return this.cloud.retry(() => this.cloud.invoke(group, event));
  }

  /** Has the schedule run until it is so; each time later by what a killed worker can have taken. */
  async sweepUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
    // The function might run, because a request has invoked it.
    await this.cloud.quiet();
    for (let sweeps = 0; !(await isSo()); sweeps += 1) {
      if (sweeps === SWEEPS) throw new Error(`after ${SWEEPS} sweeps, it was not so: ${what}`);
      await this.cloud.moveClock(ITEM_OVER);
      await this.invoke('revocation', { sweep: true });
    }
  }
}
