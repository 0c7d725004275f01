/**
 * Requests to TLS servers whose certificates private authorities issued: a request trusts the authorities of its provider
 * and no others, whatever was requested before.
 */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTransport } from '../../lambda/adapters/http/transport';
import { createIssuerKeys, unverifiedJwt } from '../../lambda/adapters/http/issuer-keys';
import type { PrivateDestination } from '../../lambda/model/private-endpoint';
import { system } from '../../lambda/adapters/system';
import {
  locationOf,
  type AuthoritiesInSecret,
  type PrivateAuthorities,
  type ProviderAuthorities,
} from '../../lambda/domain/private-authorities';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import { createAuthority, type IssuedCertificate } from '../flows/support/certificates';
import { holdDeadlines } from '../flows/support/deadlines';
import { hostOf, PRIVATE_ADDRESS, rangeOf } from '../flows/support/private-address';
import { ANOTHER_KEY } from '../flows/support/key-sets';

const LAPTOP = { loopback: true };
const GET = { method: 'GET', headers: {} };

const root = createAuthority();
const other = createAuthority();

/** The certificates that each secret contains. */
const PEMS: Readonly<Record<string, string>> = { root: root.cert, other: other.cert };

const authorities = (secretArn: string, id = secretArn): AuthoritiesInSecret => ({
  secretArn,
  holder: { id, name: id, owner: 'arn:aws:iam::123456789012:role/owner', revision: 1 },
});

const certificates = {
  read: (named: ProviderAuthorities) => Promise.resolve(PEMS[locationOf(named)] ?? ''),
};
const transport = createTransport(LAPTOP, certificates);

const servers: Server[] = [];
/** Requests that arrived, by path. */
let received: string[] = [];

/** Starts a server with a discovery document and keys. Returns its origin. */
async function start(certificate: IssuedCertificate, address = '127.0.0.1'): Promise<string> {
  const server = createServer({ ...certificate }, (request, response) => {
    received.push(request.url ?? '');
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ issuer: origin, jwks_uri: `${origin}/keys`, keys: [ANOTHER_KEY] }));
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, address, listening));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let origin: string;
beforeAll(async () => {
  origin = await start(root.server());
});
beforeEach(() => {
  received = [];
});
afterAll(() => Promise.all(servers.map((server) => new Promise((closed) => server.close(closed)))));

const untrusted = (detail: RegExp) => ({
  name: 'ProviderFailure',
  code: 'unreachable',
  unavailable: true,
  detail: expect.stringMatching(detail) as string,
});

describe('a request', () => {
  it('reaches a server whose certificate its authorities issued', async () => {
    const response = await transport(origin, { ...GET, connection: { authorities: authorities('root') } });
    expect(response.status).toBe(200);
  });

  it('reaches a server under an intermediate authority that is trusted without its root', async () => {
    const intermediate = root.intermediate();
    const below = await start(intermediate.server());
    const trust = createTransport(LAPTOP, { read: () => Promise.resolve(intermediate.cert) });
    expect((await trust(below, { ...GET, connection: { authorities: authorities('any') } })).status).toBe(
      200,
    );
    // The root does not vouch for it, because the server does not send the intermediate certificate.
    await expect(
      transport(below, { ...GET, connection: { authorities: authorities('root') } }),
    ).rejects.toMatchObject(untrusted(/UNABLE_TO_/));
  });

  it.each<[string, PrivateAuthorities | undefined, RegExp]>([
    ['the authorities of another provider', authorities('other'), /CA certificates in other \(/],
    ['the public authorities only', undefined, /the public authorities \(/],
  ])('fails with %s, also after a request that succeeded', async (_what, trusted, detail) => {
    await transport(origin, { ...GET, connection: { authorities: authorities('root') } });
    received = [];
    await expect(transport(origin, { ...GET, connection: { authorities: trusted } })).rejects.toMatchObject(
      untrusted(detail),
    );
    expect(received).toEqual([]);
  });

  it('trusts each of several authorities, as during a rotation', async () => {
    const trust = createTransport(LAPTOP, { read: () => Promise.resolve(other.cert + root.cert) });
    expect((await trust(origin, { ...GET, connection: { authorities: authorities('both') } })).status).toBe(
      200,
    );
  });

  it('fails for a certificate that names another host', async () => {
    const elsewhere = await start(root.server('server.example'));
    await expect(
      transport(elsewhere, { ...GET, connection: { authorities: authorities('root') } }),
    ).rejects.toMatchObject(untrusted(/ERR_TLS_CERT_ALTNAME_INVALID/));
  });

  it('reaches no internal address, whatever authorities it trusts', async () => {
    const account = createTransport({ loopback: false }, certificates);
    await expect(
      account(origin, { ...GET, connection: { authorities: authorities('root') } }),
    ).rejects.toMatchObject({
      code: 'address_not_allowed',
    });
    expect(received).toEqual([]);
  });

  (PRIVATE_ADDRESS === undefined ? it.skip : it)(
    'reaches a private address only if the deployer allows it',
    async () => {
      const address = PRIVATE_ADDRESS ?? '';
      const port = Number(new URL(await start(root.server(address), address)).port);
      const url = `https://${hostOf(address)}:${port}/`;
      const cidr = rangeOf(address);
      const request = { ...GET, connection: { authorities: authorities('root') } };
      const allow = (...privateDestinations: PrivateDestination[]) =>
        createTransport({ loopback: false, privateDestinations }, certificates)(url, request);
      const refusal = { name: 'ProviderFailure', code: 'address_not_allowed' };

      await expect(allow()).rejects.toMatchObject(refusal);
      await expect(allow({ cidr })).rejects.toMatchObject(refusal);
      await expect(allow({ host: 'idp.corp.example', port })).rejects.toMatchObject(refusal);
      expect(received).toEqual([]);
      await expect(allow({ cidr, port })).resolves.toMatchObject({ status: 200 });
    },
  );

  it('fails in a function that reads no certificates, and trusts nothing instead', async () => {
    const without = createTransport(LAPTOP);
    await expect(
      without(origin, { ...GET, connection: { authorities: authorities('root') } }),
    ).rejects.toThrow('no reader of CA certificates');
    expect(received).toEqual([]);
  });

  it('waits for its certificates no longer than for the response', async () => {
    const deadlines = holdDeadlines();
    const waiting = createTransport(LAPTOP, { read: () => new Promise<never>(() => undefined) });
    const response = waiting(origin, { ...GET, connection: { authorities: authorities('root') } });
    const failed = expect(response).rejects.toMatchObject({
      code: 'ca_certificates_unavailable',
      unavailable: true,
      detail: 'the CA certificates in root were not read in time',
    });
    deadlines.advance(5_000);
    await failed;
    jest.restoreAllMocks();
    expect(received).toEqual([]);
  });

  it('trusts stated authorities, for which it needs no reader', async () => {
    const without = createTransport(LAPTOP);
    const response = await without(origin, {
      ...GET,
      connection: { authorities: { certificates: root.cert } },
    });
    expect(response.status).toBe(200);
    received = [];
    await expect(
      without(origin, { ...GET, connection: { authorities: { certificates: other.cert } } }),
    ).rejects.toMatchObject(untrusted(/not accepted with the caCertificates of the issuer \(/));
    expect(received).toEqual([]);
  });

  it('fails with stated authorities that are not valid any more', async () => {
    const day = 86_400_000;
    const expired = createAuthority({
      from: new Date(Date.now() - 2 * day),
      to: new Date(Date.now() - day),
    });
    const served = await start(expired.server());
    received = [];
    await expect(
      transport(served, { ...GET, connection: { authorities: { certificates: expired.cert } } }),
    ).rejects.toMatchObject(untrusted(/CERT_HAS_EXPIRED/));
    expect(received).toEqual([]);
  });
});

describe('what was fetched with the authorities of one provider', () => {
  const discoveryUrl = () => ({ discoveryUrl: `${origin}/.well-known/openid-configuration` });

  it('is not the metadata of another provider with the same URL', async () => {
    const metadata = createMetadataReader(transport, LAPTOP, system);
    const mine = await metadata.read(discoveryUrl(), { authorities: authorities('root', 'mine') });
    expect(mine.issuer).toBe(origin);
    const stated = { certificates: other.cert };
    for (const trusted of [undefined, authorities('other', 'yours'), stated]) {
      await expect(metadata.read(discoveryUrl(), { authorities: trusted })).rejects.toMatchObject({
        code: 'unreachable',
      });
    }
    // Nor does the failure of the others end what is known.
    expect(await metadata.read(discoveryUrl(), { authorities: authorities('root', 'mine') })).toBe(mine);
  });

  it('is not the keys of another provider with the same URL', async () => {
    const keys = createIssuerKeys(transport, system);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${part({ alg: 'ES256', kid: 'k' })}.${part({ iss: origin })}.c2ln`;
    const token = unverifiedJwt(jwt, () => new Error('not a JWT'));
    const verify = (trusted: PrivateAuthorities | undefined) =>
      keys
        .verify(`${origin}/keys`, jwt, token, { authorities: trusted })
        .catch((error: unknown) => (error as Error).name);
    expect(await verify(authorities('root', 'mine'))).not.toBe('ProviderFailure');
    expect(received).toEqual(['/keys']);
    expect(await verify(undefined)).toBe('ProviderFailure');
    expect(await verify(authorities('other', 'yours'))).toBe('ProviderFailure');
  });
});
