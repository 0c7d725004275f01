/** Tokens of Keycloak are revoked there, with a proof. */
import assert from 'node:assert/strict';
import { createTransport } from '../../lambda/adapters/http/transport';
import { system } from '../../lambda/adapters/system';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import { revokeTokens, type RevocableTokens } from '../../lambda/domain/oauth/revoke-tokens';
import type { ProviderClient } from '../../lambda/domain/oauth/token-request';
import type { Checks } from '../deployed/checks';
import { sampleProvider } from '../domain/samples';
import type { Realm } from './admin';
import { userNameOf } from './consent';
import { PASSWORD, USERNAME } from './people';
import { newSecret } from './service';
import type { World } from './world';

const policy = { loopback: true };
const transport = createTransport(policy);

const METHODS = {
  client_secret_basic: 'CLIENT_SECRET_BASIC',
  client_secret_post: 'CLIENT_SECRET_POST',
} as const;

/** A client at Keycloak that gets tokens with the user's password, and authenticates as given. */
class Client {
  readonly id: string;
  private readonly secret = newSecret();

  constructor(
    private readonly realm: Realm,
    name: string,
    private readonly method: (typeof METHODS)[keyof typeof METHODS] = 'CLIENT_SECRET_BASIC',
  ) {
    this.id = `revoking-${name}`;
  }

  async create(): Promise<this> {
    await this.realm.client({
      clientId: this.id,
      publicClient: false,
      secret: this.secret,
      directAccessGrantsEnabled: true,
      serviceAccountsEnabled: true,
    });
    return this;
  }

  async request(parameters: Record<string, string>) {
    const response = await fetch(this.realm.endpoint('token'), {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${this.id}:${this.secret}`).toString('base64')}` },
      body: new URLSearchParams(parameters),
    });
    return (await response.json()) as { access_token: string; refresh_token?: string; error?: string };
  }

  async tokens(scope = 'openid'): Promise<RevocableTokens> {
    const answer = await this.request({
      grant_type: 'password',
      username: USERNAME,
      password: PASSWORD,
      scope,
    });
    return { accessToken: answer.access_token, refreshToken: answer.refresh_token ?? '' };
  }

  async asProviderClient(secret = this.secret): Promise<ProviderClient> {
    const discovery = { discoveryUrl: this.realm.discoveryUrl };
    const metadata = await createMetadataReader(transport, policy, system).read(discovery, {});
    const clientAuthenticationMethod = this.method;
    const provider = sampleProvider({ clientId: this.id, discovery, clientAuthenticationMethod });
    return { provider, metadata, credential: { secret }, transport, endpointPolicy: policy, system };
  }
}

export async function checkRevocation(checks: Checks, { calendar }: World): Promise<void> {
  checks.chapter('Revocation at Keycloak');
  for (const [name, method] of Object.entries(METHODS)) {
    const client = await checks.step(`a client with ${name}`, () =>
      new Client(calendar, name, method).create(),
    );
    for (const scope of ['openid', 'openid offline_access']) {
      await checks.check(`revokes refresh token and access token of the scopes "${scope}"`, async () => {
        const tokens = await client.tokens(scope);
        assert.equal(await userNameOf(calendar, tokens.accessToken), USERNAME);
        const provider = await client.asProviderClient();
        assert.deepEqual(await revokeTokens(provider, tokens), { state: 'CONFIRMED' });
        const { accessToken, refreshToken = '' } = tokens;
        const refreshed = await client.request({ grant_type: 'refresh_token', refresh_token: refreshToken });
        assert.equal(refreshed.error, 'invalid_grant');
        const userinfo = calendar.endpoint('userinfo');
        const { status } = await fetch(userinfo, { headers: { authorization: `Bearer ${accessToken}` } });
        assert.equal(status, 401);
        assert.deepEqual(await revokeTokens(provider, tokens), { state: 'CONFIRMED' });
      });
    }
  }
  const [owner, other] = await checks.step('two clients', () =>
    Promise.all([new Client(calendar, 'owner').create(), new Client(calendar, 'other').create()]),
  );
  await checks.check("a revocation of another client's tokens is rejected, and they stay valid", async () => {
    const tokens = await owner.tokens();
    await assert.rejects(revokeTokens(await other.asProviderClient(), tokens), { unavailable: false });
    assert.equal(await userNameOf(calendar, tokens.accessToken), USERNAME);
  });
  await checks.check('a revocation with a wrong client secret is rejected', async () => {
    const tokens = await owner.tokens();
    const refused = revokeTokens(await owner.asProviderClient('wrong'), tokens);
    await assert.rejects(refused, { unavailable: false });
    assert.equal(await userNameOf(calendar, tokens.accessToken), USERNAME);
  });
  await checks.check("a revocation of the client's own token is accepted without a proof", async () => {
    const { access_token: accessToken } = await owner.request({
      grant_type: 'client_credentials',
      scope: 'openid',
    });
    // The client is not in the audience of the token, so introspection says `active: false` of a valid token too.
    const { state } = await revokeTokens(await owner.asProviderClient(), { accessToken });
    assert.equal(state, 'ACCEPTED');
  });
}
