/** What kind of network an IP address is in (IANA special-purpose registries, RFC 6890). */
// eslint-disable-next-line no-restricted-imports -- BlockList and isIP compute, and open no connection
import { BlockList, isIP, type IPVersion } from 'node:net';

type Network = readonly [address: string, prefix: number, family: IPVersion];

const LOOPBACK: readonly Network[] = [
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
];

/** The networks of VPCs, and of what is connected to them (Amazon VPC user guide, "VPC CIDR blocks"). */
const PRIVATE: readonly Network[] = [
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
];

/** Networks that no request reaches. Inside 2000::/3, those that are not assigned to hosts, such as Teredo and 6to4. */
const RESERVED: readonly Network[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  // Unique local, and reserved for Amazon EC2's own services, such as instance metadata.
  ['fd00:ec2::', 32, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
];

/** Global unicast, the only public IPv6 addresses. */
const PUBLIC_IPV6: Network = ['2000::', 3, 'ipv6'];

function addressesOf(...networks: readonly Network[]): BlockList {
  const addresses = new BlockList();
  for (const network of networks) addresses.addSubnet(...network);
  return addresses;
}

/** Returns the family of an address, or undefined if it is not an address. */
function familyOf(address: string): IPVersion | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}

const loopback = addressesOf(...LOOPBACK);
const privateNetworks = addressesOf(...PRIVATE);
const reserved = addressesOf(...RESERVED);
const publicIpv6 = addressesOf(PUBLIC_IPV6);
/** `BlockList` finds the IPv4 address in an IPv4-mapped one, which no other list may accept. */
const mapped = addressesOf(['::ffff:0:0', 96, 'ipv6']);

/** Returns the kind of an address. What is neither loopback, private, nor public is never reached. */
export function kindOfAddress(address: string): 'loopback' | 'private' | 'public' | 'reserved' {
  const family = familyOf(address);
  if (family === undefined) return 'reserved';
  if (loopback.check(address, family)) return 'loopback';
  if (reserved.check(address, family) || (family === 'ipv6' && mapped.check(address, family))) {
    return 'reserved';
  }
  if (privateNetworks.check(address, family)) return 'private';
  return family === 'ipv4' || publicIpv6.check(address, family) ? 'public' : 'reserved';
}

const IPV4_BITS = 32;
const IPV6_BITS = 128;

/** Returns a range in CIDR notation (RFC 4632), or undefined if it is not valid. */
function networkOf(cidr: string): Network | undefined {
  const [, address = '', digits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(cidr) ?? [];
  const family = familyOf(address);
  const prefix = Number(digits);
  if (family === undefined || prefix > (family === 'ipv4' ? IPV4_BITS : IPV6_BITS)) return undefined;
  return [address, prefix, family];
}

/** Returns the shortest form of an IPv6 address, without an IPv4 address at its end. */
const shortest = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);

/** Returns the parts of an address: bytes of IPv4, and groups of 16 bits of IPv6. */
function partsOf(address: string, family: IPVersion): number[] {
  if (family === 'ipv4') return address.split('.').map(Number);
  const [start = [], end = []] = shortest(address)
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => parseInt(group, 16))));
  return [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end];
}

/** Returns the first address of a network. */
function firstAddress([address, prefix, family]: Network): string {
  const size = family === 'ipv4' ? 8 : 16;
  const parts = partsOf(address, family).map((part, index) => {
    const hostBits = Math.min(Math.max((index + 1) * size - prefix, 0), size);
    return (part >> hostBits) << hostBits;
  });
  return family === 'ipv4' ? parts.join('.') : shortest(parts.map((part) => part.toString(16)).join(':'));
}

/**
 * Returns what a range with an address that is not its first one could mean: the whole range, or the one address.
 * Undefined for every other text.
 */
export function meaningsOfHostBits(cidr: string): readonly [range: string, address: string] | undefined {
  const network = networkOf(cidr);
  if (network === undefined) return undefined;
  const [address, prefix, family] = network;
  const first = firstAddress(network);
  if (first === (family === 'ipv4' ? address : shortest(address))) return undefined;
  return [`${first}/${prefix}`, `${address}/${family === 'ipv4' ? IPV4_BITS : IPV6_BITS}`];
}

/** Returns whether a text is a range in CIDR notation of addresses that can be reached, as private or public ones. */
export function isAddressRange(cidr: string): boolean {
  const [address] = networkOf(cidr) ?? [];
  return address !== undefined && ['private', 'public'].includes(kindOfAddress(address));
}

/**
 * Returns whether all addresses of a range are in one private network.
 *
 * @param internalRanges further private networks
 */
export function isPrivateRange(cidr: string, internalRanges: readonly string[] = []): boolean {
  const range = networkOf(cidr);
  if (range === undefined || !isAddressRange(cidr)) return false;
  const [address, prefix, family] = range;
  const outer = [...PRIVATE, ...internalRanges.map(networkOf).filter((internal) => internal !== undefined)];
  return outer.some(
    (one) => prefix >= one[1] && family === one[2] && addressesOf(one).check(address, family),
  );
}

/** Returns whether a range in CIDR notation contains an address of the same family. */
export function containsAddress(cidr: string, address: string): boolean {
  const range = networkOf(cidr);
  const family = familyOf(address);
  return range !== undefined && family === range[2] && addressesOf(range).check(address, family);
}
