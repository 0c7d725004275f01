/** The vault written by hand: its process and PostgreSQL, filled with the credentials that the service keeps. */
import { newSecret } from '../../../test/keycloak/service';
import { startChild, type Child } from './child';
import type { PreparedRequest } from './load';
import type { Credentials } from './ours';
import type { Peer, Requests } from './peer';
import type { People } from './people';
import type { Postgres } from './postgres';
import { PROGRAM } from './vault/installation.mjs';

const AGENT = { name: 'bench-agent', secret: newSecret() };
const LIFETIME_MILLISECONDS = 36_000_000;

export type VaultProcess = Child<{ readonly port: number }>;

/** The issuer whose user tokens the vault accepts, and the client that gets them there. */
export interface VaultIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly client: string;
}

export const startVault = ({ access }: Postgres, issuer: VaultIssuer): Promise<VaultProcess> =>
  startChild(PROGRAM, { database: access, issuer, agents: [AGENT] });

/** Stores the credentials, and returns the requests that read them. */
export async function vaultPeer(
  vault: VaultProcess,
  postgres: Postgres,
  userTokens: People['userTokens'],
  credentials: Credentials,
): Promise<Peer> {
  const url = (path: string): URL => new URL(path, `http://127.0.0.1:${vault.ready.port}`);
  const mintRequest = (userToken?: string): PreparedRequest => ({
    url: url('/token'),
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${AGENT.name}:${AGENT.secret}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ userToken }),
  });
  const mint = async (userToken?: string): Promise<string> => {
    const { method, headers, body = '', url: address } = mintRequest(userToken);
    const response = await fetch(address, { method, headers, body });
    const { token } = (await response.json()) as { token?: string };
    if (token === undefined) throw new Error(`The vault minted no token: status ${response.status}.`);
    return token;
  };
  const store = async (token: string, provider: string, value: string): Promise<void> => {
    const expiresAt = Date.now() + LIFETIME_MILLISECONDS;
    const { status } = await fetch(url(`/credentials/${provider}`), {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ value, expiresAt }),
    });
    if (status !== 204) throw new Error(`The vault stored no credential: status ${status}.`);
  };
  const read = (token: string, provider: string): PreparedRequest => ({
    url: url(`/credentials/${provider}`),
    method: 'GET',
    headers: { authorization: `Bearer ${token}` },
  });
  for (const [name, userToken] of userTokens) {
    const token = await mint(userToken);
    await store(token, 'calendar', credentials.storedTokens.get(name) ?? '');
    await store(token, 'maps', credentials.apiKey);
  }
  await store(await mint(), 'calendar', credentials.ownToken);
  const reading = (provider: string, owners: (string | undefined)[]): Requests => ({
    prepare: () => Promise.all(owners.map(async (owner) => read(await mint(owner), provider))),
    expected: (body) => body.includes('"value":"'),
  });
  const users = [...userTokens.values()];
  return {
    name: 'Express and PostgreSQL',
    pids: { service: vault.pid, database: postgres.pid },
    work: {
      mint: {
        prepare: () => Promise.resolve(users.map(mintRequest)),
        expected: (body) => body.includes('"token":"'),
      },
      ownToken: reading('calendar', [undefined]),
      storedToken: reading('calendar', users),
      apiKey: reading('maps', users),
    },
  };
}
