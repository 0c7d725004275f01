/** The running service with the resources of one sequence, which no other sequence has. */
import { KMS } from '@aws-sdk/client-kms';
import { moveClock } from '../flows/support/clock';
import { newKmsKey } from '../flows/support/kms-keys';
import { AUDIENCE } from '../flows/support/transmitter';
import { RETURN_URL } from '../flows/support/world';
import { ConnectedService, type Outcome } from './connected-service';
import type { User } from './vault-model';

const SCOPES = ['a'];
const SESSION_REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';

/** KMS keys of the operator, between which the vault moves. */
const KEYS = 2;

const isSuccess = ({ status }: Outcome): boolean => status < 300;

/** A consent that the user has given. */
export interface Returned {
  readonly completionUri: string;
}

export class VaultUnderTest {
  /** Workload access tokens and given consents, in the order of the model's. */
  readonly tokens: string[] = [];
  readonly consents: Returned[] = [];
  /** A part of the names of all resources of the sequence. */
  readonly name: string;
  private readonly callbacks = new Map<string, string>();

  private constructor(
    private readonly service: ConnectedService,
    sequence: number,
    private readonly keys: readonly string[],
  ) {
    this.name = String(sequence);
  }

  /** @returns what starts a sequence, and what ends all of them */
  static async connected() {
    const service = await ConnectedService.start();
    const kms = new KMS({});
    const keys: string[] = [];
    while (keys.length < KEYS) keys.push(await newKmsKey(kms));
    let sequences = 0;
    return {
      start(): VaultUnderTest {
        sequences += 1;
        return new VaultUnderTest(service, sequences, keys);
      },
      close: () => service.close(),
    };
  }

  private named(name: string): string {
    return `${name}-${this.name}`;
  }

  private of(user: User): object {
    const name = this.named(user.name);
    return user.signsIn ? { issuer: this.service.server.issuer('users'), subject: name } : { userId: name };
  }

  advance(seconds: number): void {
    moveClock(seconds);
  }

  private async change(operation: Parameters<ConnectedService['call']>[0], body: object): Promise<boolean> {
    const outcome = await this.service.call(operation, body);
    await this.service.settled();
    return isSuccess(outcome);
  }

  createAgent(agent: string): Promise<boolean> {
    const name = this.named(agent);
    return this.change('CreateWorkloadIdentity', { name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  }

  deleteAgent(agent: string): Promise<boolean> {
    return this.change('DeleteWorkloadIdentity', { name: this.named(agent) });
  }

  /** @param secret a new one, which the authorization server accepts from now on */
  private configuration(provider: string, client: string, secret: string): object {
    const clientId = this.named(client);
    const { server } = this.service;
    server.clients.set(clientId, secret);
    return {
      name: this.named(provider),
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          clientId,
          clientSecret: secret,
          oauthDiscovery: { discoveryUrl: `${server.issuer('as')}/.well-known/openid-configuration` },
        },
      },
    };
  }

  async createProvider(provider: string, client: string, secret: string): Promise<boolean> {
    const body = this.configuration(provider, client, secret);
    const { status, members } = await this.service.call('CreateOauth2CredentialProvider', body);
    if (status >= 300) return false;
    this.callbacks.set(provider, String(members.callbackUrl).split('/').at(-1) ?? '');
    return true;
  }

  updateProvider(provider: string, client: string, secret: string): Promise<boolean> {
    return this.change('UpdateOauth2CredentialProvider', this.configuration(provider, client, secret));
  }

  deleteProvider(provider: string): Promise<boolean> {
    return this.change('DeleteOauth2CredentialProvider', { name: this.named(provider) });
  }

  writeApiKey(how: 'Create' | 'Update', name: string, apiKey: string): Promise<boolean> {
    return this.change(`${how}ApiKeyCredentialProvider`, { name: this.named(name), apiKey });
  }

  deleteApiKey(name: string): Promise<boolean> {
    return this.change('DeleteApiKeyCredentialProvider', { name: this.named(name) });
  }

  /** @returns whether a token was issued; it is then the last of {@link tokens} */
  async issue(agent: string, user: User): Promise<boolean> {
    const workloadName = this.named(agent);
    const name = this.named(user.name);
    const outcome = user.signsIn
      ? await this.service.call('GetWorkloadAccessTokenForJWT', {
          workloadName,
          userToken: await this.userToken(name),
        })
      : await this.service.call('GetWorkloadAccessTokenForUserId', { workloadName, userId: name });
    if (!isSuccess(outcome)) return false;
    this.tokens.push(String(outcome.members.workloadAccessToken));
    return true;
  }

  private userToken(subject: string): Promise<string> {
    return this.service.server.signed({ sub: subject, aud: 'agents' });
  }

  /** @param token index of a workload access token */
  private ask(token: number, provider: string, oauth2Flow: string, members: object): Promise<Outcome> {
    return this.service.call('GetResourceOauth2Token', {
      workloadIdentityToken: this.tokens[token],
      resourceCredentialProviderName: this.named(provider),
      scopes: SCOPES,
      oauth2Flow,
      ...members,
    });
  }

  /** The user's token. @returns the code and the client that it goes back to, whether a consent is asked for, or an error */
  async userTokenOf(token: number, provider: string, members: object = {}) {
    const returnUrl = { resourceOauth2ReturnUrl: RETURN_URL, ...members };
    const outcome = await this.ask(token, provider, 'USER_FEDERATION', returnUrl);
    if (!isSuccess(outcome)) return { what: 'error' } as const;
    const { accessToken, authorizationUrl } = outcome.members;
    if (accessToken === undefined) return { what: 'consent', authorizationUrl } as const;
    return { what: 'token', origin: this.service.server.originOf(accessToken) } as const;
  }

  /** The agent's own token. @returns the client that got it; undefined for an error */
  async machineTokenOf(token: number, provider: string): Promise<string | undefined> {
    const outcome = await this.ask(token, provider, 'M2M', {});
    return isSuccess(outcome) ? this.service.server.originOf(outcome.members.accessToken) : undefined;
  }

  async apiKeyOf(token: number, name: string): Promise<unknown> {
    const { members } = await this.service.call('GetResourceApiKey', {
      workloadIdentityToken: this.tokens[token],
      resourceCredentialProviderName: this.named(name),
    });
    return members.apiKey;
  }

  /** Another principal, which has stolen the token. */
  async isStolenTokenUsable(token: number, provider: string): Promise<boolean> {
    const body = {
      workloadIdentityToken: this.tokens[token],
      resourceCredentialProviderName: this.named(provider),
      scopes: SCOPES,
      oauth2Flow: 'USER_FEDERATION',
      resourceOauth2ReturnUrl: RETURN_URL,
    };
    return isSuccess(await this.service.call('GetResourceOauth2Token', body, 'stranger'));
  }

  /** The user follows the link, and consents or declines. @returns whether the service accepts the answer */
  async answer(authorizationUrl: unknown, provider: string, code: string | undefined): Promise<boolean> {
    const answer = code === undefined ? { error: 'access_denied' } : { code };
    const callbackId = this.callbacks.get(provider) ?? '';
    const completionUri = await this.service.returnFrom(authorizationUrl, callbackId, answer);
    if (code !== undefined) this.consents.push({ completionUri });
    return completionUri !== '';
  }

  async complete(consent: number, user: User): Promise<boolean> {
    const name = this.named(user.name);
    const userIdentifier = user.signsIn ? { userToken: await this.userToken(name) } : { userId: name };
    return this.change('CompleteResourceTokenAuth', {
      sessionUri: this.consents[consent]?.completionUri,
      userIdentifier,
    });
  }

  revokeOwn(token: number, provider: string): Promise<boolean> {
    return this.change('RevokeResourceGrant', {
      workloadIdentityToken: this.tokens[token],
      resourceCredentialProviderName: this.named(provider),
    });
  }

  revokeBy(filter: { agent?: string; provider?: string; user?: User }): Promise<boolean> {
    const { agent, provider, user } = filter;
    return this.change('RevokeGrants', {
      ...(agent !== undefined && { workloadName: this.named(agent) }),
      ...(provider !== undefined && { providerName: this.named(provider) }),
      ...(user && { user: this.of(user) }),
    });
  }

  withdraw(code: string): void {
    this.service.server.withdrawn.add(code);
  }

  suspendAgent(name: string, how: 'Suspend' | 'Resume'): Promise<boolean> {
    return this.change(`${how}WorkloadIdentity`, { name: this.named(name) });
  }

  suspendUser(user: User, how: 'Suspend' | 'Resume'): Promise<boolean> {
    return this.change(`${how}User`, { user: this.of(user) });
  }

  /** The identity provider reports that the sessions of the user ended. */
  async endSessions(user: User): Promise<void> {
    const { server } = this.service;
    const [iss, sub] = [server.issuer('users'), this.named(user.name)];
    const jti = `${sub}-${Date.now()}`;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      aud: [AUDIENCE],
      jti,
      exp: undefined,
      sub_id: { format: 'iss_sub', iss, sub },
      events: { [SESSION_REVOKED]: { event_timestamp: now } },
    };
    server.events.set(jti, await server.signed(claims, { typ: 'secevent+jwt' }));
    await this.service.run('event-poll', { poll: 'security-events' });
    if (server.events.size > 0) throw new Error('the event was not received');
  }

  rotateSigningKey(): Promise<void> {
    return this.service.run('key-rotation', { rotate: 'signing-key' });
  }

  rotateVaultKeys(agent: string): Promise<void> {
    const workloadIdentity = this.named(agent);
    return this.service.run('key-rotation', { rotate: 'vault-keys', workloadIdentity });
  }

  /** @param key index of a key of the operator; the key of the deployment if there is none */
  async moveVault(key: number): Promise<void> {
    const kmsKeyArn = this.keys[key];
    const kmsConfiguration = kmsKeyArn
      ? { keyType: 'CustomerManagedKey', kmsKeyArn }
      : { keyType: 'ServiceManagedKey' };
    await this.service.succeed('SetTokenVaultCMK', { kmsConfiguration });
  }

  /** The revocations at the authorization server that are due. */
  sweep(): Promise<void> {
    return this.service.run('revocation', { sweep: true });
  }
}
