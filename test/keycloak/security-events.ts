/** Keycloak cuts its users off: by the security events that it pushes, and by back-channel logout. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Checks } from '../deployed/checks';
import type { TestAgent } from '../flows/support/world';
import type { Realm } from './admin';
import { agentAt } from './clients';
import { application, decoded } from './people';
import { newSecret, type Service } from './service';
import {
  EVENTS_APPLICATION,
  EVENTS_AUDIENCE,
  EVENTS_AUTHORIZATION,
  LOGOUT_APPLICATION,
  type World,
} from './world';

const STREAM_CLIENT = 'agent-identity';
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';

/** Milliseconds after which a cut-off must have its effect. Keycloak drains its outbox every 500 ms. */
const WITHIN = 2_000;

const ENDED = { name: 'UnauthorizedException', message: /^The session of the user ended/ };

/** A user with a session at an application, and what the agent got for it. */
class SignedIn {
  private constructor(
    private readonly realm: Realm,
    private readonly agent: TestAgent,
    readonly userId: string,
    private readonly client: string,
    private readonly tokens: { readonly access_token: string; readonly refresh_token: string },
    private readonly workloadToken: string,
  ) {}

  static async create(realm: Realm, agent: TestAgent, client: string): Promise<SignedIn> {
    const [username, password] = [`user-${newSecret().toLowerCase()}`, newSecret()];
    const userId = await realm.user(username, password);
    return SignedIn.at(realm, agent, userId, client, { username, password });
  }

  private static async at(
    realm: Realm,
    agent: TestAgent,
    userId: string,
    client: string,
    credentials: { readonly username: string; readonly password: string },
  ): Promise<SignedIn> {
    const response = await fetch(realm.endpoint('token'), {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'password', client_id: client, scope: 'openid' },
        ...credentials,
      }),
    });
    const tokens = (await response.json()) as { access_token: string; refresh_token: string };
    const workloadToken = await agent.token({ userToken: tokens.access_token });
    const signedIn = new SignedIn(realm, agent, userId, client, tokens, workloadToken);
    await signedIn.read();
    return signedIn;
  }

  get sessionId(): string {
    return String(decoded(this.tokens.access_token).payload.sid);
  }

  read(): Promise<unknown> {
    return this.agent.ask(this.workloadToken);
  }

  mint(): Promise<string> {
    return this.agent.token({ userToken: this.tokens.access_token });
  }

  /** The application signs the user out. */
  async logOut(): Promise<void> {
    const body = new URLSearchParams({ client_id: this.client, refresh_token: this.tokens.refresh_token });
    const { status } = await fetch(this.realm.endpoint('logout'), { method: 'POST', body });
    assert.equal(status, 204);
  }

  /** Fails unless both the read and the issuance are refused in time. */
  async expectCutOff(): Promise<void> {
    const until = Date.now() + WITHIN;
    while (
      Date.now() < until &&
      (await this.read().then(
        () => true,
        () => false,
      ))
    )
      await pause(50);
    await assert.rejects(this.read(), ENDED);
    await assert.rejects(this.mint(), ENDED);
  }
}

async function createStream(realm: Realm, service: Service): Promise<void> {
  await realm.client({
    clientId: STREAM_CLIENT,
    publicClient: false,
    serviceAccountsEnabled: true,
    attributes: {
      'ssf.enabled': 'true',
      'ssf.validPushUrls': `${service.endpoint}/*`,
      'ssf.defaultSubjects': 'ALL',
    },
  });
  await realm.stream(STREAM_CLIENT, {
    events_requested: [`${CAEP}session-revoked`, `${CAEP}credential-change`],
    aud: [EVENTS_AUDIENCE],
    delivery: {
      method: 'urn:ietf:rfc:8935',
      endpoint_url: `${service.endpoint}/events/people`,
      authorization_header: EVENTS_AUTHORIZATION,
    },
  });
}

export async function checkSecurityEvents(checks: Checks, { service, people }: World): Promise<void> {
  checks.chapter('Security events of Keycloak');
  const { agent } = await agentAt(service, people);
  await people.client(application(EVENTS_APPLICATION));
  const logoutUrl = `${service.endpoint}/backchannel-logout/people`;
  await people.client(
    application(LOGOUT_APPLICATION, {
      attributes: {
        'backchannel.logout.url': logoutUrl,
        'backchannel.logout.session.required': 'true',
      },
    }),
  );
  const signIn = (client = EVENTS_APPLICATION) => SignedIn.create(people, agent, client);

  await checks.check('back-channel logout ends the session that an administrator deletes', async () => {
    const user = await signIn(LOGOUT_APPLICATION);
    await people.deleteSession(user.sessionId);
    await user.expectCutOff();
  });
  await checks.step(
    'a stream is created, and its transmitter has the configured issuer and keys',
    async () => {
      await createStream(people, service);
      const response = await fetch(`${people.issuer}/.well-known/ssf-configuration`);
      const { issuer, jwks_uri } = (await response.json()) as Record<string, unknown>;
      assert.deepEqual([issuer, jwks_uri], [people.issuer, people.endpoint('certs')]);
    },
  );
  await checks.check('a verification event that an administrator requests is accepted', async () => {
    await people.verifyStream(STREAM_CLIENT);
    const until = Date.now() + WITHIN;
    const results = async () => (await service.audit()).map(({ result }) => result);
    while (Date.now() < until && !(await results()).includes('verified')) await pause(50);
    assert.ok((await results()).includes('verified'), JSON.stringify((await service.audit()).slice(-2)));
  });
  await checks.check('a user who signs out is cut off, and another user is not', async () => {
    const [user, other] = [await signIn(), await signIn()];
    await user.logOut();
    await user.expectCutOff();
    await other.read();
    await other.mint();
  });
  await checks.check('a user who is disabled and signed out by an administrator is cut off', async () => {
    const user = await signIn();
    await people.disableUser(user.userId);
    await people.logOut(user.userId);
    await user.expectCutOff();
  });
  await checks.check('a user whose password an administrator resets is cut off', async () => {
    const user = await signIn();
    await people.resetPassword(user.userId, newSecret());
    await user.expectCutOff();
  });
}
