/**
 * Keycloak in a private network, behind a load balancer with a certificate of a private authority. A private address of this
 * machine stands for the network. The operator allows one port there, and no other.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Checks } from '../deployed/checks';
import { createAuthority } from '../flows/support/certificates';
import { hostOf, PRIVATE_ADDRESS, rangeOf } from '../flows/support/private-address';
import { agentAt } from './clients';
import type { World } from './world';

interface LoadBalancer {
  /** Origin of Keycloak's URLs. */
  readonly origin: string;
  readonly port: number;
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

/** A load balancer that ends TLS, as an internal one in front of Keycloak does (`proxy-headers` of Keycloak). */
async function startLoadBalancer(
  address: string,
  certificate: { readonly cert: string; readonly key: string },
  keycloak: string,
): Promise<LoadBalancer> {
  let connections = 0;
  const server = createServer(certificate, (incoming, response) => {
    const { host = '' } = incoming.headers;
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'https', 'x-forwarded-host': host };
    const forwarded = request(new URL(incoming.url ?? '/', keycloak), { method: incoming.method, headers });
    forwarded.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    incoming.pipe(forwarded);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((listening) => server.listen(0, address, listening));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `https://${hostOf(address)}:${port}`,
    port,
    connections: () => connections,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => {
          closed();
        });
      }),
  };
}

export interface PrivateNetwork {
  /** Certificates of the authority in PEM form. */
  readonly authority: string;
  readonly allowed: LoadBalancer;
  readonly other: LoadBalancer;
  close(): Promise<void>;
}

/** Starts both load balancers, and allows one of them to the services of this process; undefined without a network. */
export async function startPrivateNetwork(keycloak: string): Promise<PrivateNetwork | undefined> {
  const address = PRIVATE_ADDRESS;
  if (address === undefined) return undefined;
  const authority = createAuthority();
  const certificate = authority.server(address);
  const [allowed, other] = [
    await startLoadBalancer(address, certificate, keycloak),
    await startLoadBalancer(address, certificate, keycloak),
  ];
  process.env.PRIVATE_DESTINATIONS = JSON.stringify([{ cidr: rangeOf(address), port: allowed.port }]);
  return {
    authority: authority.cert,
    allowed,
    other,
    async close() {
      await Promise.all([allowed.close(), other.close()]);
    },
  };
}

export async function checkPrivateNetwork(
  checks: Checks,
  { service, calendar }: World,
  network: PrivateNetwork | undefined,
): Promise<void> {
  checks.chapter('Keycloak in a private network, with a private certificate authority');
  if (!network) {
    checks.skip('a token from a private address', 'this machine has no private address');
    return;
  }
  const { authority, allowed, other } = network;
  const certificateConfigurations = [
    { secretsManager: { secretArn: await service.certificates(authority) } },
  ];
  const { pathname } = new URL(calendar.discoveryUrl);
  /** Requests a token from Keycloak by the client of a new agent, which Keycloak knows. */
  const tokenAt = async ({ origin }: LoadBalancer, certificates: object = { certificateConfigurations }) => {
    const config = { oauthDiscovery: { discoveryUrl: origin + pathname }, ...certificates };
    const { agent } = await agentAt(service, calendar, config, { serviceAccountsEnabled: true });
    const { accessToken } = await agent.ask(await agent.token(), {
      oauth2Flow: 'M2M',
      scopes: ['profile'],
      resourceOauth2ReturnUrl: undefined,
    });
    return accessToken ?? '';
  };

  await checks.check('the allowed address returns a token of the issuer at that address', async () => {
    const [, claims = ''] = (await tokenAt(allowed)).split('.');
    const { iss } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: string };
    assert.equal(iss, `${allowed.origin}/realms/calendar`);
  });
  await checks.check('the allowed address returns no token without the private authority', async () => {
    await assert.rejects(tokenAt(allowed, {}), /unavailable/);
  });
  await checks.check('another port of that address is not reached, and the audit log says why', async () => {
    await assert.rejects(tokenAt(other), /address_not_allowed/);
    assert.equal(other.connections(), 0);
    const reasons = (await service.audit()).map(({ reason }) => String(reason));
    const refusal = `leads to an internal address that is not allowed with port ${other.port}`;
    assert.ok(reasons.some((reason) => reason.includes(refusal)));
  });
}
