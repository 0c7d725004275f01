/**
 * Requests through private endpoints: to real TLS servers, by names that only these tests resolve. The owner of a provider
 * chooses the route, so each one here could be an attack.
 */
import dns from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { createServer, type Server } from 'node:https';
import { isIP, type AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createIssuerKeys, unverifiedJwt } from '../../lambda/adapters/http/issuer-keys';
import { createTransport } from '../../lambda/adapters/http/transport';
import { system } from '../../lambda/adapters/system';
import type { ConnectionPolicy } from '../../lambda/adapters/http/connection-policy';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import type { PrivateEndpoint, PrivateEndpoints } from '../../lambda/model/private-endpoint';
import { createAuthority } from '../flows/support/certificates';
import { ANOTHER_KEY } from '../flows/support/key-sets';
import { PRIVATE_ADDRESS } from '../flows/support/private-address';

const LAPTOP: ConnectionPolicy = { loopback: true };
const HOST = 'idp.corp.example';
const BALANCER = 'nlb.corp.example';
const RESOURCE = 'rcfg-0123456789abcdef0';
const REFUSED = { name: 'ProviderFailure', code: 'address_not_allowed' };

const authority = createAuthority();
const authorities = { certificates: authority.cert };

const through = (
  routingDomain?: string,
  endpointIpAddressType: 'IPV4' | 'IPV6' = 'IPV4',
): PrivateEndpoint => ({
  managedVpcResource: {
    vpcIdentifier: 'vpc-0123456789abcdef0',
    subnetIds: [],
    endpointIpAddressType,
    ...(routingDomain !== undefined && { routingDomain }),
  },
});
const lattice = (resourceConfigurationIdentifier: string): PrivateEndpoint => ({
  selfManagedLatticeResource: { resourceConfigurationIdentifier },
});
const override = (domain: string, privateEndpoint: PrivateEndpoint): PrivateEndpoints => ({
  privateEndpointOverrides: [{ domain, privateEndpoint }],
});

/** The addresses of names, one list for each lookup; the last one stays. */
let names: Record<string, string[][]>;
let lookups: string[];

/** What arrived: the TLS server name and the field `Host`. */
let received: (readonly [TLSSocket['servername'], string | undefined])[];
const servers: Server[] = [];

async function start(certificateOf: string, address: string): Promise<number> {
  const server = createServer({ ...authority.server(certificateOf) }, (request, response) => {
    const origin = `https://${request.headers.host}`;
    received.push([(request.socket as TLSSocket).servername, request.headers.host]);
    response.setHeader('content-type', 'application/json');
    if (request.url === '/redirect') response.writeHead(302, { location: 'https://elsewhere.example/' });
    response.end(JSON.stringify({ issuer: origin, jwks_uri: `${origin}/keys`, keys: [ANOTHER_KEY] }));
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, address, listening));
  return (server.address() as AddressInfo).port;
}

let port: number;
beforeAll(async () => {
  port = await start(HOST, '127.0.0.1');
});
beforeEach(() => {
  names = { [BALANCER]: [['127.0.0.1']] };
  lookups = [];
  received = [];
  const found = (name: string, family: dns.LookupOptions['family']): dns.LookupAddress[] => {
    const [addresses = [], ...next] = names[name] ?? [];
    if (next.length > 0) names[name] = next;
    return addresses
      .map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      .filter((one) => !family || one.family === family);
  };
  const resolve = dns.lookup;
  // The DNS of a laptop. Names that no test has set do not exist.
  jest.spyOn(dns, 'lookup').mockImplementation(((
    name: string,
    options: dns.LookupAllOptions,
    answer: (error: Error | null, addresses: dns.LookupAddress[]) => void,
  ) => {
    // A server that starts to listen at an address.
    if (isIP(name) !== 0) return resolve(name, options, answer);
    lookups.push(name);
    const addresses = found(name, options.family);
    process.nextTick(() => {
      answer(addresses.length > 0 ? null : new Error('ENOTFOUND'), addresses);
    });
  }) as typeof dns.lookup);
  // The name servers of a deployment.
  for (const [method, family] of [
    ['resolve4', 4],
    ['resolve6', 6],
  ] as const) {
    jest.spyOn(Resolver.prototype, method).mockImplementation(((name: string) => {
      if (family === 4) lookups.push(name);
      return Promise.resolve(found(name, family).map(({ address }) => address));
    }) as Resolver['resolve4'] & Resolver['resolve6']);
  }
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => Promise.all(servers.map((server) => new Promise((closed) => server.close(closed)))));

const request = (
  endpoints: PrivateEndpoints | undefined,
  { policy = LAPTOP, url = `https://${HOST}:${port}/` }: { policy?: ConnectionPolicy; url?: string } = {},
) => createTransport(policy)(url, { method: 'GET', headers: {}, connection: { authorities, endpoints } });

describe('a request through a private endpoint', () => {
  it.each<[string, PrivateEndpoints, ConnectionPolicy]>([
    ['of the provider', { privateEndpoint: through(BALANCER) }, LAPTOP],
    ['of the provider, in another case', { privateEndpoint: through(BALANCER.toUpperCase()) }, LAPTOP],
    ['of the host', override(HOST.toUpperCase(), through(BALANCER)), LAPTOP],
    [
      'of the host rather than the one of the provider',
      { privateEndpoint: through('absent.example'), ...override(HOST, through(BALANCER)) },
      LAPTOP,
    ],
    [
      'in VPC Lattice',
      { privateEndpoint: lattice(RESOURCE) },
      {
        ...LAPTOP,
        latticeResources: {
          [`arn:aws:vpc-lattice:eu-central-1:123456789012:resourceconfiguration/${RESOURCE}`]: BALANCER,
        },
      },
    ],
  ])('%s goes there, with the TLS server name and Host of the URL', async (_what, endpoints, policy) => {
    expect(await request(endpoints, { policy })).toMatchObject({ status: 200 });
    expect(received).toEqual([[HOST, `${HOST}:${port}`]]);
    expect(lookups).toEqual([BALANCER]);
  });

  it.each<[string, PrivateEndpoints]>([
    ['without a routing domain', { privateEndpoint: through() }],
    ['of another host', override('other.corp.example', through(BALANCER))],
    ['of a subdomain', override(`sub.${HOST}`, through(BALANCER))],
    ['of the parent domain', override('corp.example', through(BALANCER))],
  ])('%s goes to the addresses of the host', async (_what, endpoints) => {
    names[HOST] = [['127.0.0.1']];
    expect(await request(endpoints)).toMatchObject({ status: 200 });
    expect(lookups).toEqual([HOST]);
  });

  it('uses the IP version that it states', async () => {
    names[BALANCER] = [['::ffff:127.0.0.1', '127.0.0.1']];
    expect(await request({ privateEndpoint: through(BALANCER) })).toMatchObject({ status: 200 });
    names[BALANCER] = [['127.0.0.1']];
    await expect(request({ privateEndpoint: through(BALANCER, 'IPV6') })).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(received).toHaveLength(1);
  });

  it('follows no redirect', async () => {
    const url = `https://${HOST}:${port}/redirect`;
    expect(await request({ privateEndpoint: through(BALANCER) }, { url })).toMatchObject({ status: 302 });
    expect(lookups).toEqual([BALANCER]);
  });
});

describe('a private endpoint reaches nothing', () => {
  const DEPLOYED: ConnectionPolicy = {
    loopback: false,
    privateDestinations: [{ cidr: '10.0.0.0/8' }, { cidr: 'fc00::/7' }],
  };

  it.each([
    ['the instance metadata', '169.254.169.254'],
    ['loopback', '127.0.0.1'],
    ['loopback in IPv4-mapped form', '::ffff:127.0.0.1'],
    ['loopback of IPv6', '::1'],
    ['the metadata of Amazon EC2', 'fd00:ec2::254'],
    ['a private network that is not allowed', '192.168.0.1'],
    ['the unspecified address', '0.0.0.0'],
    ['a public server, which could take the place of the genuine one', '93.184.216.34'],
  ])('if its name resolves to %s', async (_what, address) => {
    names[BALANCER] = [[address]];
    const type = address.includes(':') ? 'IPV6' : 'IPV4';
    const url = `https://${HOST}/`;
    const attempt = request({ privateEndpoint: through(BALANCER, type) }, { policy: DEPLOYED, url });
    await expect(attempt).rejects.toMatchObject(REFUSED);
    const mapped: ConnectionPolicy = { ...DEPLOYED, latticeResources: { [RESOURCE]: BALANCER } };
    await expect(
      request({ privateEndpoint: lattice(RESOURCE) }, { policy: mapped, url }),
    ).rejects.toMatchObject(REFUSED);
  });

  it('if one of several addresses is not allowed', async () => {
    names[BALANCER] = [['127.0.0.1', '169.254.169.254']];
    await expect(request({ privateEndpoint: through(BALANCER) })).rejects.toMatchObject(REFUSED);
    expect(received).toEqual([]);
  });

  it('if the name changes between check and connection: there is one lookup for both', async () => {
    names[BALANCER] = [['127.0.0.1'], ['169.254.169.254']];
    expect(await request({ privateEndpoint: through(BALANCER) })).toMatchObject({ status: 200 });
    await expect(request({ privateEndpoint: through(BALANCER) })).rejects.toMatchObject(REFUSED);
    expect(received).toHaveLength(1);
  });

  it('for a URL with an address, which has no name to route', async () => {
    const url = `https://127.0.0.1:${port}/`;
    await expect(request({ privateEndpoint: through(BALANCER) }, { url })).rejects.toMatchObject(REFUSED);
    await expect(request(override('127.0.0.1', through(BALANCER)), { url })).rejects.toMatchObject(REFUSED);
    expect(received).toEqual([]);
  });

  it('if the operator no longer maps the resource configuration', async () => {
    await expect(request({ privateEndpoint: lattice(RESOURCE) })).rejects.toMatchObject(REFUSED);
    expect(lookups).toEqual([]);
  });

  it('if the server there has the certificate of another host', async () => {
    const other = await start(BALANCER, '127.0.0.1');
    const url = `https://${HOST}:${other}/`;
    await expect(request({ privateEndpoint: through(BALANCER) }, { url })).rejects.toMatchObject({
      code: 'unreachable',
      detail: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string,
    });
    expect(received).toEqual([]);
  });

  (PRIVATE_ADDRESS === undefined ? it.skip : it)(
    'unless the operator allows its address for the name of the URL and for its own name',
    async () => {
      const address = PRIVATE_ADDRESS ?? '';
      names[BALANCER] = [[address]];
      const type = address.includes(':') ? 'IPV6' : 'IPV4';
      const private_ = await start(HOST, address);
      const url = `https://${HOST}:${private_}/`;
      const allowing = (...hosts: string[]) =>
        request(
          { privateEndpoint: through(BALANCER, type) },
          {
            url,
            policy: { loopback: false, privateDestinations: hosts.map((host) => ({ host, port: private_ })) },
          },
        );
      for (const hosts of [[], [HOST], [BALANCER]]) {
        await expect(allowing(...hosts)).rejects.toMatchObject(REFUSED);
      }
      expect(received).toEqual([]);
      expect(await allowing(HOST, BALANCER)).toMatchObject({ status: 200 });
    },
  );
});

describe('what was fetched through a private endpoint', () => {
  const mine = { authorities, endpoints: { privateEndpoint: through(BALANCER) } };

  it('is not the metadata of a provider without it, or with another one', async () => {
    const metadata = createMetadataReader(createTransport(LAPTOP), LAPTOP, system);
    const discoveryUrl = `https://${HOST}:${port}/.well-known/openid-configuration`;
    expect(await metadata.read({ discoveryUrl }, mine)).toMatchObject({ issuer: `https://${HOST}:${port}` });
    for (const endpoints of [
      undefined,
      { privateEndpoint: through('absent.example') },
      override(HOST, through()),
    ]) {
      await expect(metadata.read({ discoveryUrl }, { authorities, endpoints })).rejects.toMatchObject({
        code: 'unreachable',
      });
    }
    expect(received).toHaveLength(1);
    await metadata.read({ discoveryUrl }, mine);
    expect(received).toHaveLength(1);
  });

  it('is not the keys of an issuer without it', async () => {
    const keys = createIssuerKeys(createTransport(LAPTOP), system);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${part({ alg: 'ES256', kid: 'k' })}.${part({ iss: `https://${HOST}` })}.c2ln`;
    const token = unverifiedJwt(jwt, () => new Error('not a JWT'));
    const verify = (connection: typeof mine | { readonly authorities: typeof authorities }) =>
      keys.verify(`https://${HOST}:${port}/keys`, jwt, token, connection).catch((error: Error) => error.name);
    expect(await verify(mine)).not.toBe('ProviderFailure');
    expect(await verify({ authorities })).toBe('ProviderFailure');
    expect(received).toHaveLength(1);
  });
});
