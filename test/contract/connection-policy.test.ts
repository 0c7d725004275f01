/** Where requests to third parties can connect: public addresses, and what the deployer allows. */
import { BlockList } from 'node:net';
import fc from 'fast-check';
import {
  isReachable as isDestinationReachable,
  type ConnectionPolicy,
} from '../../lambda/adapters/http/connection-policy';
import { parsePrivateDestinations } from '../../lambda/domain/private-network';

const ACCOUNT = { loopback: false };
const LAPTOP = { loopback: true };
/** Every range that a deployer can allow. */
const ALL_PRIVATE: ConnectionPolicy = {
  loopback: false,
  privateDestinations: parsePrivateDestinations(
    JSON.stringify(
      ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15', 'fc00::/7'].map(
        (cidr) => ({ cidr }),
      ),
    ),
  ),
};
const isReachable = (address: string, policy: ConnectionPolicy) =>
  isDestinationReachable({ host: address, address, port: 443 }, policy);

describe('IP addresses', () => {
  /** First and last address of each range (IANA special-purpose registries), and whether the range is loopback. */
  const RANGES = [
    ['this network', '0.0.0.0', '0.255.255.255'],
    ['link-local', '169.254.0.0', '169.254.255.255'],
    ['instance metadata', '169.254.169.254', '169.254.169.254'],
    ['container credentials', '169.254.170.2', '169.254.170.2'],
    ['protocol assignments', '192.0.0.0', '192.0.0.255'],
    ['documentation 1', '192.0.2.0', '192.0.2.255'],
    ['6to4 relay', '192.88.99.0', '192.88.99.255'],
    ['documentation 2', '198.51.100.0', '198.51.100.255'],
    ['documentation 3', '203.0.113.0', '203.0.113.255'],
    ['multicast', '224.0.0.0', '239.255.255.255'],
    ['reserved and broadcast', '240.0.0.0', '255.255.255.255'],
    ['IPv6 unspecified', '::', '::'],
    ['IPv4-compatible', '::a00:1', '::a9fe:a9fe'],
    ['IPv4-mapped private', '::ffff:10.0.0.1', '::ffff:192.168.0.1'],
    ['IPv4-mapped metadata', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe'],
    ['IPv4-mapped, whatever it maps', '::ffff:8.8.8.8', '::ffff:ffff:ffff'],
    ['IPv4-translated', '::ffff:0:a9fe:a9fe', '::ffff:0:7f00:1'],
    ['NAT64', '64:ff9b::a9fe:a9fe', '64:ff9b::7f00:1'],
    ['local-use NAT64', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
    ['discard-only', '100::', '100::ffff:ffff:ffff:ffff'],
    ['IPv6 protocol assignments and Teredo', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['IPv6 documentation', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['6to4', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['6to4 of a private address', '2002:a00:1::', '2002:c0a8:1::'],
    ['IPv6 documentation 3fff', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['segment routing', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['unique local, of Amazon EC2', 'fd00:ec2::', 'fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['IPv6 link-local', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['site-local', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['IPv6 multicast', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ] as const;

  it.each(RANGES)('in %s are not reached, whatever the deployer allows', (_name, first, last) => {
    for (const address of [first, last]) {
      for (const policy of [ACCOUNT, LAPTOP, ALL_PRIVATE]) expect(isReachable(address, policy)).toBe(false);
    }
  });

  const PRIVATE_RANGES = [
    ['private 10/8', '10.0.0.0', '10.255.255.255'],
    ['shared address space', '100.64.0.0', '100.127.255.255'],
    ['private 172.16/12', '172.16.0.0', '172.31.255.255'],
    ['private 192.168/16', '192.168.0.0', '192.168.255.255'],
    ['benchmarking', '198.18.0.0', '198.19.255.255'],
    ['unique local', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ] as const;

  it.each(PRIVATE_RANGES)('in %s are reached only if the deployer allows it', (_name, first, last) => {
    for (const address of [first, last]) {
      for (const policy of [ACCOUNT, LAPTOP]) expect(isReachable(address, policy)).toBe(false);
      expect(isReachable(address, ALL_PRIVATE)).toBe(true);
    }
  });

  it.each(['127.0.0.1', '127.0.0.0', '127.255.255.255', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'])(
    'on loopback are reached only if the policy allows it: %s',
    (address) => {
      expect(isReachable(address, ACCOUNT)).toBe(false);
      expect(isReachable(address, LAPTOP)).toBe(true);
    },
  );

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
  ])('outside the closed ranges are reached: %s', (address) => {
    expect(isReachable(address, ACCOUNT)).toBe(true);
  });

  it.each([
    '169.253.255.255',
    '192.167.255.255',
    '192.169.0.0',
    '2001:200::1',
    '2606:4700:4700::1111',
    '2a00::1',
  ])('next to a closed range are reached: %s', (address) => {
    expect(isReachable(address, ACCOUNT)).toBe(true);
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '0x7f000001',
    '2130706433',
    '127.0.0.1 ',
    '[::1]',
    'fe80::1%lo',
    '::1%1',
  ])('that are not valid are not reached: %p', (text) => {
    expect(isReachable(text, ACCOUNT)).toBe(false);
  });

  it('of IPv6 are closed except for global unicast', () => {
    const unicast = new BlockList();
    unicast.addSubnet('2000::', 3, 'ipv6');
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (!unicast.check(address, 'ipv6')) expect(isReachable(address, ACCOUNT)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('private destinations', () => {
  const reaches = (allowed: object, host: string, address: string, port = 443) =>
    isDestinationReachable(
      { host, address, port },
      { loopback: false, privateDestinations: parsePrivateDestinations(JSON.stringify([allowed])) },
    );

  it('allow a host name at its private addresses and port 443', () => {
    const allowed = { host: 'keycloak.corp.example' };
    expect(reaches(allowed, 'keycloak.corp.example', '10.1.2.3')).toBe(true);
    expect(reaches(allowed, 'keycloak.corp.example', 'fd12::1')).toBe(true);
    expect(reaches(allowed, 'keycloak.corp.example', '10.1.2.3', 8443)).toBe(false);
    expect(reaches(allowed, 'a.keycloak.corp.example', '10.1.2.3')).toBe(false);
    expect(reaches(allowed, 'tenant.example', '10.1.2.3')).toBe(false);
    expect(reaches(allowed, '10.1.2.3', '10.1.2.3')).toBe(false);
  });

  it.each(['127.0.0.1', '169.254.169.254', 'fd00:ec2::254', '::ffff:10.1.2.3', '0.0.0.0', '224.0.0.1'])(
    'do not allow a host name at %s',
    (address) => {
      expect(reaches({ host: 'keycloak.corp.example' }, 'keycloak.corp.example', address)).toBe(false);
    },
  );

  it('allow the addresses of a range under every name', () => {
    const allowed = { cidr: '10.1.0.0/16', port: 8443 };
    expect(reaches(allowed, 'any.example', '10.1.255.255', 8443)).toBe(true);
    expect(reaches(allowed, '10.1.0.0', '10.1.0.0', 8443)).toBe(true);
    expect(reaches(allowed, 'any.example', '10.2.0.0', 8443)).toBe(false);
    expect(reaches(allowed, 'any.example', '10.1.0.1', 443)).toBe(false);
  });

  it('allow a host name only in its range if both are stated', () => {
    const allowed = { host: 'idp.corp.example', cidr: 'fd12::/16' };
    expect(reaches(allowed, 'idp.corp.example', 'fd12::1')).toBe(true);
    expect(reaches(allowed, 'idp.corp.example', 'fd13::1')).toBe(false);
    expect(reaches(allowed, 'idp.corp.example', '10.1.2.3')).toBe(false);
    expect(reaches(allowed, 'other.example', 'fd12::1')).toBe(false);
  });

  it('are needed for public addresses in internal ranges', () => {
    const internalRanges = ['2600:1f18:1234:5600::/56', '20.0.0.0/16'];
    const policy = (allowed: object[]): ConnectionPolicy => ({
      loopback: false,
      internalRanges,
      privateDestinations: parsePrivateDestinations(JSON.stringify(allowed), internalRanges),
    });
    for (const address of ['2600:1f18:1234:56ff::1', '20.0.255.255']) {
      expect(isReachable(address, policy([]))).toBe(false);
      expect(isReachable(address, policy([{ host: 'a.example' }]))).toBe(false);
      expect(isReachable(address, policy(internalRanges.map((cidr) => ({ cidr }))))).toBe(true);
    }
    for (const address of ['2600:1f18:1234:5700::1', '20.1.0.0']) {
      expect(isReachable(address, policy([]))).toBe(true);
    }
    expect(() => policy([{ cidr: '20.0.0.0/15' }])).toThrow('privateDestinations[0].cidr must be within');
  });

  it.each(['10.1.2.3/32', '10.0.0.0/8', 'fd12::1/128', 'FD12:0:0::/16', 'fd12:3456:f000::/36', 'fd12::/64'])(
    'are ranges that begin with their first address: %s',
    (range) => {
      expect(parsePrivateDestinations(JSON.stringify([{ cidr: range }]))).toEqual([{ cidr: range }]);
    },
  );

  it.each([
    ['[{"cidr":"fd00:ec2::/32"}]', 'privateDestinations[0].cidr must be a range of addresses'],
    ['[{"cidr":"8.8.8.0/24"}]', 'privateDestinations[0].cidr must be within 10.0.0.0/8'],
    ['[{"port":443}]', 'privateDestinations[0] must have a host, a cidr, or both'],
    ['[{"host":"10.1.2.3"}]', 'privateDestinations[0].host must be a host name; state addresses in cidr'],
    ['[{"host":"IdP.corp.example"}]', 'privateDestinations[0].host must be a host name in lowercase'],
    ['[{"host":"https://idp.corp.example"}]', 'privateDestinations[0].host must be a host name in lowercase'],
    ['[{"cidr":"0.0.0.0/0"}]', 'privateDestinations[0].cidr must be '],
    ['[{"cidr":"10.0.0.0/7"}]', 'privateDestinations[0].cidr must be within'],
    ['[{"cidr":"127.0.0.0/8"}]', 'privateDestinations[0].cidr must be '],
    ['[{"cidr":"169.254.169.254/32"}]', 'privateDestinations[0].cidr must be '],
    ['[{"cidr":"::ffff:10.0.0.0/104"}]', 'privateDestinations[0].cidr must be '],
    ['[{"cidr":"10.1.2.3"}]', 'privateDestinations[0].cidr must be '],
    [
      '[{"cidr":"10.1.2.3/16"}]',
      'privateDestinations[0].cidr must begin with the first address of its range: 10.1.0.0/16 for the range, or 10.1.2.3/32 for the one address',
    ],
    ['[{"cidr":"172.31.255.255/13"}]', '172.24.0.0/13 for the range, or 172.31.255.255/32 for'],
    ['[{"cidr":"fd12:3456::1:2/36"}]', 'fd12:3456::/36 for the range, or fd12:3456::1:2/128 for'],
    [
      '[{"cidr":"fd12::abcd:10.1.2.3/99"}]',
      'fd12::abcd:0:0/99 for the range, or fd12::abcd:10.1.2.3/128 for',
    ],
    ['[{"cidr":"10.1.2.0/33"}]', 'privateDestinations[0].cidr must be '],
    ['[{"cidr":"10.1.0.0/16","port":0}]', 'privateDestinations[0].port must be a number from 1 to 65535'],
    ['[{"cidr":"10.1.0.0/16","ports":[443]}]', 'Did you mean port?'],
    ['{}', 'privateDestinations must be an array'],
    ['idp', 'privateDestinations must be JSON: an array like'],
  ])('are rejected if they are not valid: %s', (json, message) => {
    expect(() => parsePrivateDestinations(json)).toThrow(message);
  });
});
