/**
 * A consent portal of the running service, used as its pages use it: through the local Lambda, with the adapter of the
 * `portal` function. People sign in with a browser at an identity provider.
 */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import { bindingCookieName } from '../../../lambda/domain/consent/browser';
import { sessionHashIn, sessionIdOf } from '../../../lambda/domain/consent/session';
import { createConsentPortalStore } from '../../../lambda/adapters/dynamodb/owned-resource-store';
import { createTable } from '../../../lambda/adapters/dynamodb/table';
import { createConnectionsFunction } from '../../../lambda/adapters/lambda/connections';
import type { RefusedStep, StepOutcome } from '../../../lambda/domain/portal/steps';
import type { StepInput, StepName } from '../../../lambda/model/events/connections';
import {
  consentPortalArn,
  portalCallbackUrl,
  portalReturnUrl,
} from '../../../lambda/domain/portal/consent-portal';
import type { ConsentPortal } from '../../../lambda/model/records/consent-portal';
import { ownedBy } from '../../../lambda/domain/ownership';
import { callerOf } from '../../../lambda/domain/principal';
import { localTableName } from '../../../lib/local/dynamodb';
import { localFunctionName } from '../../../lib/local/gateway-event';
import { Browser } from './browser';
import { customProvider } from './custom-provider';
import { knownMembers } from './other-versions';
import { signInAndConsent, startProvider, type TestProvider } from './provider';
import { World, type PrincipalName, type TestAgent } from './world';
import { createDynamoDb } from '../../../lambda/adapters/dynamodb/sdk-client';

/** Table of the running service, for records that no operation writes. */
export const tableOf = (name: 'Directory' | 'Sessions' | 'Vault' | 'Revocations') =>
  createTable(createDynamoDb(new DynamoDB({})), localTableName(name));

const portals = () => createConsentPortalStore(tableOf('Directory'));

/** The identity provider of the organization, as the portal's OAuth client knows it. */
export interface IdentityProvider {
  readonly discoveryUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A portal that its owner has configured, for these agents. */
export interface PortalSettings {
  readonly agents: readonly Pick<TestAgent, 'name'>[];
  readonly identityProvider: IdentityProvider;
  readonly owner?: PrincipalName;
  readonly change?: Partial<ConsentPortal>;
}

let count = 0;

/** Returns a new secret, as the front creates it. */
export const newSecret = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');

export class TestPortal {
  /** The browser of each consent, by its `session_id`. */
  private readonly browsers = new Map<string, Browser>();

  private constructor(
    readonly world: World,
    readonly id: string,
    readonly name: string,
    readonly signInProvider: string,
  ) {}

  static async create(
    world: World,
    { agents, identityProvider, owner = 'agent', change }: PortalSettings,
  ): Promise<TestPortal> {
    count += 1;
    const name = `portal-${count}`;
    const portalId = `${name}-${String(count).padStart(10, '0')}`;
    const signInProvider = `sign-in-${count}`;
    const { discoveryUrl, clientId, clientSecret } = identityProvider;
    const { credentialProviderArn = '' } = await world.control(owner).createOauth2CredentialProvider({
      name: signInProvider,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    });
    const { arn: userArn, id } = world.local.principals[owner];
    const principal = callerOf({ userArn, caller: id.startsWith('AROA') ? `${id}:local` : id });
    const arnPrefix = credentialProviderArn.slice(0, credentialProviderArn.indexOf(':token-vault/'));
    await portals().create({
      name,
      id: portalId,
      arn: consentPortalArn(arnPrefix, portalId),
      ...ownedBy(principal),
      executionRoleArn: 'arn:aws:iam::000000000000:role/portal',
      sources: agents.map(({ name: identifier }) => ({ type: 'workload-identity', identifier })),
      idpConfig: { credentialProviderArn, scopes: ['profile'] },
      resources: [],
      connections: [],
      status: 'ACTIVE',
      configurationRevision: 1,
      tags: {},
      revision: 1,
      createdTime: 1,
      lastUpdatedTime: 1,
      ...change,
    });
    return new TestPortal(world, portalId, name, signInProvider);
  }

  /** Changes the portal's record, as its owner's operations do. */
  async change(change: Partial<ConsentPortal>): Promise<void> {
    const portal = await portals().get(this.name);
    if (!portal) throw new Error('the portal is missing');
    await portals().replace({ ...portal, ...change, revision: portal.revision + 1 });
  }

  async delete(): Promise<void> {
    const portal = await portals().get(this.name);
    if (portal) await portals().remove(portal);
  }

  read = (): Promise<ConsentPortal | undefined> => portals().get(this.name);

  get callbackUrl(): string {
    return portalCallbackUrl(this.world.local.endpoint, this.id);
  }

  get returnUrl(): string {
    return portalReturnUrl(this.world.local.endpoint, this.id);
  }

  /** Has the portal verified, as the control plane does, and waits for the result. */
  async verify(revision = 1): Promise<void> {
    await new Lambda({}).invoke({
      FunctionName: localFunctionName('connections'),
      Payload: JSON.stringify({ verify: { portalId: this.id, revision } }),
    });
  }

  /** Performs a step as the front does. */
  perform = async <Name extends StepName>(
    name: Name,
    input: Omit<StepInput<Name>, 'portalId'> & { readonly portalId?: string },
  ): Promise<RefusedStep | StepOutcome<Name>> =>
    knownMembers(
      await createConnectionsFunction(localFunctionName('connections')).perform(
        name,
        { portalId: this.id, ...input } as unknown as StepInput<Name>,
        {},
      ),
    );

  /** Returns the result of a step that is not refused. */
  private async outcome<Name extends StepName>(
    ...step: Parameters<typeof this.perform<Name>>
  ): Promise<StepOutcome<Name>> {
    const result = await this.perform(...step);
    if ('refused' in result) throw new Error(JSON.stringify([result, (await this.world.audit()).at(-1)]));
    return result;
  }

  async signInUrl(secret = newSecret(), more: { otherAccount?: true } = {}): Promise<string> {
    const { signInUrl } = await this.outcome('signIn', { secret, ...more });
    return signInUrl;
  }

  signInCallback = (
    secret: string,
    query: URLSearchParams,
    more: { newSession?: string; previous?: string } = {},
  ) => this.perform('signInCallback', { secret, query: [...query], newSession: newSecret(), ...more });

  /** Signs a person in with a browser. Returns the session's secret, which the browser's cookie has. */
  async signIn(login: string, browser = new Browser(), more: { previous?: string } = {}): Promise<string> {
    const secret = newSecret();
    const { url } = await signInAndConsent(browser, await this.signInUrl(secret), login, this.callbackUrl);
    const newSession = newSecret();
    const result = await this.signInCallback(secret, new URL(url).searchParams, { newSession, ...more });
    if (!('session' in result)) throw new Error(JSON.stringify(result));
    return newSession;
  }

  view = (session: string) => this.perform('view', { session });

  /** Returns the rows of an agent. */
  async rows(session: string, agent: TestAgent) {
    const view = await this.outcome('view', { session });
    if (!('agents' in view)) throw new Error('the person is not signed in');
    return view.agents.find(({ name }) => name === agent.name)?.connections ?? [];
  }

  connect = (session: string, connection: string) => this.perform('connect', { session, connection });

  async authorizationUrl(session: string, connection: string): Promise<string> {
    const { authorizationUrl } = await this.outcome('connect', { session, connection });
    return authorizationUrl;
  }

  /** Consents in a browser, and returns the `session_id` with which the portal's return URL is opened. */
  async consent(authorizationUrl: string, login: string, browser = new Browser()): Promise<string> {
    const { html } = await browser.step(authorizationUrl);
    const confirming = /href="([^"]*confirm=[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const next = new URL(confirming, authorizationUrl).href;
    const { url } = await signInAndConsent(browser, next, login, this.returnUrl);
    const sessionUri = new URL(url).searchParams.get('session_id') ?? '';
    this.browsers.set(sessionUri, browser);
    return sessionUri;
  }

  /**
   * Completes a consent session.
   *
   * @param browser opens the return URL: by default, the one in which the person consented
   */
  complete(
    session: string,
    sessionUri: string,
    browser: Pick<Browser, 'cookie'> | undefined = this.browsers.get(sessionUri),
  ) {
    const name = bindingCookieName(sessionHashIn(sessionIdOf(sessionUri) ?? '') ?? '');
    const bindingCookie = browser?.cookie(name);
    return this.perform('complete', {
      session,
      sessionUri,
      ...(bindingCookie !== undefined && { bindingCookie }),
    });
  }

  disconnectQuestion = (session: string, connection: string) =>
    this.perform('disconnectQuestion', { session, connection });

  disconnect = (session: string, connection: string) => this.perform('disconnect', { session, connection });

  disconnectAgent = (session: string, { name: agent }: Pick<TestAgent, 'name'>) =>
    this.perform('disconnectAgent', { session, agent, clientToken: crypto.randomUUID() });

  disconnection = (session: string, revocationId: string) =>
    this.perform('disconnection', { session, revocationId });
}

/** Returns the ARN of the agent's workload identity. */
export async function arnOf(world: World, { name }: TestAgent): Promise<string> {
  const identity = await world.control().getWorkloadIdentity({ name });
  return identity.workloadIdentityArn ?? '';
}

/** The service, with the identity provider of portals as its trusted issuer. */
export interface PortalWorld {
  readonly world: World;
  readonly identityProvider: TestProvider;
  readonly stop: () => Promise<void>;
}

export async function startPortalWorld(): Promise<PortalWorld> {
  const identityProvider = await startProvider();
  const { discoveryUrl, clientId } = identityProvider;
  const world = await World.start({}, () => [{ discoveryUrl, allowedAudience: [clientId] }]);
  const stop = async () => {
    await world.stop();
    await identityProvider.close();
  };
  return { world, identityProvider, stop };
}
