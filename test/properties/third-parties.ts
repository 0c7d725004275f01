/**
 * A way to each kind of response of a third party: the requests after which the service reads it, and what is true when the
 * next response is valid.
 */
import { randomUUID } from 'node:crypto';
import { moveClock } from '../flows/support/clock';
import { AUDIENCE } from '../flows/support/transmitter';
import type { Kind, Replacement } from './responding-server';
import { ConnectedService, locationOf, type Outcome, type ProviderName } from './connected-service';

/** Seconds after which every back-off, every cache, and every token of a valid response is over. */
const LATER = 16 * 60;

/** Requests of one kind that one operation sends, at most. A transmitter gets the most, with fewer events each time. */
const MAX_READS = 16;

/** One read of a response. */
interface Exchange {
  /** Makes the service read the response, and fails if the service must not return what it returns. */
  readonly meet: () => Promise<void>;
  /** Fails unless the service works again. @param isRejection whether the response said that the grant is over */
  readonly recover: (isRejection: boolean) => Promise<void>;
}

export class ThirdParties {
  /** The user whose grant the next refresh renews. */
  private connected: string | undefined;
  private names = 0;

  private constructor(private readonly service: ConnectedService) {}

  static async start(): Promise<ThirdParties> {
    return new ThirdParties(await ConnectedService.start());
  }

  close(): Promise<void> {
    return this.service.close();
  }

  /** A token that the service returns is one that a header can have. */
  private expectUsable({ members }: Outcome): void {
    const { accessToken } = members;
    if (accessToken === undefined) return;
    if (typeof accessToken !== 'string' || !/^[\x20-\x7e]+$/.test(accessToken))
      throw new Error(`unusable token ${JSON.stringify(accessToken)}`);
  }

  /** A token for the agent, its user, or the user of a user token, which the service gets or renews. */
  private renewal(provider: ProviderName, flow: string, newToken: () => Promise<string>): Exchange {
    const read = async () => this.service.ask(await newToken(), provider, flow);
    return {
      meet: async () => this.expectUsable(await read()),
      recover: async () => this.expectToken(await read()),
    };
  }

  private expectToken(outcome: Outcome): void {
    this.expectUsable(outcome);
    if (outcome.members.accessToken === undefined)
      throw new Error(`no token: ${outcome.status} ${JSON.stringify(outcome.members)}`);
  }

  /** On behalf of a user with an ID token. */
  private onBehalfOf(provider: ProviderName): Exchange {
    const user = this.service.newUser();
    return this.renewal(provider, 'ON_BEHALF_OF_TOKEN_EXCHANGE', async () => {
      const { status, members } = await this.service.tokenForUser(user);
      if (status !== 200) throw new Error(`no token for the user: ${JSON.stringify(members)}`);
      return String(members.workloadAccessToken);
    });
  }

  private machine(provider: ProviderName): Exchange {
    return this.renewal(provider, 'M2M', () => this.service.token());
  }

  private async connectedUser(): Promise<string> {
    const user = this.service.newUser();
    const { status, members } = await this.service.consent(user, await this.service.token(user));
    if (status >= 300) throw new Error(`the consent failed: ${JSON.stringify(members)}`);
    return user;
  }

  private newConsent(): Exchange {
    const user = this.service.newUser();
    const read = async () => this.service.ask(await this.service.token(user), 'plain', 'USER_FEDERATION');
    return {
      meet: async () => {
        await this.service.consent(user, await this.service.token(user));
        this.expectUsable(await read());
      },
      recover: async () => {
        const outcome = await read();
        if (outcome.members.accessToken === undefined)
          await this.service.consent(user, await this.service.token(user));
        this.expectToken(await read());
      },
    };
  }

  /** A user whose access token has expired since the consent. The user stays, unless the response changed the grant. */
  private async refresh(): Promise<Exchange> {
    if (this.connected === undefined) {
      this.connected = await this.connectedUser();
      moveClock(LATER);
    }
    const user = this.connected;
    const read = async () => this.service.ask(await this.service.token(user), 'plain', 'USER_FEDERATION');
    return {
      meet: async () => {
        const outcome = await read();
        this.expectUsable(outcome);
        if (outcome.members.accessToken !== undefined) this.connected = undefined;
      },
      recover: async (isRejection) => {
        const outcome = await read();
        // If the grant is lost, the next case begins with another one.
        if (outcome.members.accessToken === undefined) this.connected = undefined;
        if (!isRejection) return this.expectToken(outcome);
        this.expectUsable(outcome);
      },
    };
  }

  private configuration(isRegistered: boolean): Exchange {
    this.names += 1;
    const name = `configured-${this.names}`;
    const create = async (): Promise<Outcome> => {
      const outcome = await this.service.createAtResource(name, isRegistered);
      if (outcome.status < 300) await this.service.succeed('DeleteOauth2CredentialProvider', { name });
      await this.service.settled();
      return outcome;
    };
    return {
      meet: async () => void (await create()),
      recover: async () => {
        const { status, members } = await create();
        if (status >= 300) throw new Error(`not created: ${JSON.stringify(members)}`);
      },
    };
  }

  private async clientDeletion(): Promise<Exchange> {
    this.names += 1;
    const name = `registered-${this.names}`;
    const { status, members } = await this.service.createAtResource(name, true);
    if (status >= 300) throw new Error(`not created: ${JSON.stringify(members)}`);
    return {
      meet: async () => {
        await this.service.succeed('DeleteOauth2CredentialProvider', { name });
        await this.sweep();
      },
      recover: () => this.sweep(),
    };
  }

  private async sweep(): Promise<void> {
    await this.service.run('revocation', { sweep: true });
    await this.service.settled();
  }

  /** @param isRefreshable whether the tokens have a refresh token; only without one, the service introspects */
  private async revocation(isRefreshable: boolean): Promise<Exchange> {
    this.service.server.isRefreshable = isRefreshable;
    const user = await this.connectedUser();
    this.service.server.isRefreshable = true;
    let revocationId: unknown;
    const expectRevoked = async () => {
      const { members } = await this.service.ask(await this.service.token(user), 'plain', 'USER_FEDERATION');
      if (members.accessToken !== undefined) throw new Error('a revoked token is returned');
    };
    return {
      meet: async () => {
        ({ revocationId } = await this.service.succeed('RevokeResourceGrant', {
          workloadIdentityToken: await this.service.token(user),
          resourceCredentialProviderName: 'plain',
        }));
        await this.sweep();
        await expectRevoked();
      },
      recover: async () => {
        await this.sweep();
        await expectRevoked();
        const { status } = await this.service.succeed('GetRevocation', { revocationId });
        if (status !== 'DONE') throw new Error(`the revocation is ${String(status)}`);
      },
    };
  }

  private pushing(): Exchange {
    const open = async (): Promise<string> => {
      const { members } = await this.service.ask(
        await this.service.token(this.service.newUser()),
        'pushing',
        'USER_FEDERATION',
      );
      return locationOf(await this.service.authorize(members.authorizationUrl));
    };
    const expected = `${this.service.server.issuer('pushing')}/auth?`;
    return {
      meet: async () => {
        const location = await open();
        if (location !== '' && !location.startsWith(expected)) throw new Error(`redirected to ${location}`);
      },
      recover: async () => {
        const location = await open();
        if (!location.startsWith(expected)) throw new Error(`not redirected: ${location}`);
      },
    };
  }

  /** A new authorization URL, and what opens it. */
  private async opening(): Promise<Exchange> {
    const token = await this.service.token(this.service.newUser());
    return {
      meet: async () => {
        const { members } = await this.service.ask(token, 'plain', 'USER_FEDERATION');
        if (members.authorizationUrl !== undefined) await this.service.authorize(members.authorizationUrl);
      },
      recover: this.newConsent().recover,
    };
  }

  private atResource(): Exchange {
    const [machine, configuration] = [this.machine('resource'), this.configuration(false)];
    return {
      meet: async () => {
        await machine.meet();
        await configuration.meet();
      },
      recover: async (isRejection) => {
        await machine.recover(isRejection);
        await configuration.recover(isRejection);
      },
    };
  }

  private userToken(): Exchange {
    return {
      meet: async () => void (await this.service.tokenForUser('ana')),
      recover: async () => {
        const { status, members } = await this.service.tokenForUser('ana');
        if (status !== 200) throw new Error(`the user token is rejected: ${JSON.stringify(members)}`);
      },
    };
  }

  private async events(): Promise<Exchange> {
    const [jti, sub] = [randomUUID(), this.service.newUser()];
    const iss = this.service.server.issuer('users');
    const event = { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} };
    const claims = { aud: [AUDIENCE], jti, events: event, sub_id: { format: 'iss_sub', iss, sub } };
    const set = await this.service.server.signed({ ...claims, exp: undefined }, { typ: 'secevent+jwt' });
    this.service.server.events.set(jti, set);
    const poll = () => this.service.run('event-poll', { poll: 'security-events' });
    return {
      meet: poll,
      recover: async () => {
        await poll();
        if (this.service.server.events.size > 0) throw new Error('an event was not received');
      },
    };
  }

  private async exchangeFor(kind: Kind, variant: number): Promise<Exchange> {
    switch (kind) {
      case 'code':
        return this.newConsent();
      case 'refresh token':
        return this.refresh();
      case 'client credentials':
        return this.machine('plain');
      case 'token exchange':
        return this.onBehalfOf('exchanging');
      case 'JWT grant':
        return this.onBehalfOf(variant === 0 ? 'granting' : 'asserting');
      case 'assertion':
        return this.onBehalfOf('asserting');
      case 'discovery':
        return variant === 0 ? this.machine('plain') : this.opening();
      case 'server metadata':
      case 'resource metadata':
        return this.atResource();
      case 'registration':
        return this.configuration(true);
      case 'client deletion':
        return this.clientDeletion();
      case 'revocation':
        return this.revocation(variant === 0);
      case 'introspection':
        return this.revocation(false);
      case 'pushed request':
        return this.pushing();
      case 'issuer metadata':
      case 'keys':
        return this.userToken();
      case 'events':
        return this.events();
    }
  }

  /**
   * The service reads a response, and then a valid one.
   *
   * @param isRejection whether the response that was read says that the grant is over
   * @returns how often the service read the response
   */
  async try(kind: Kind, variant: number, response: Replacement, isRejection: () => boolean): Promise<number> {
    moveClock(LATER);
    const exchange = await this.exchangeFor(kind, variant);
    const before = this.service.server.requests.length;
    this.service.server.replacement = { kind, response };
    try {
      await exchange.meet();
    } finally {
      this.service.server.replacement = undefined;
    }
    const read = this.service.server.requests.slice(before).filter((each) => each === kind).length;
    if (read > MAX_READS) throw new Error(`${read} requests`);
    moveClock(LATER);
    await exchange.recover(isRejection());
    const strays = this.service.server.strays.splice(0);
    if (strays.length > 0) throw new Error(`requests to ${strays.join()}`);
    return read;
  }
}
