/**
 * Which addresses a request can reach: no private, loopback, link-local, metadata, or other special-purpose address
 * (IANA special-purpose registries, RFC 6890). Of IPv6, only global unicast is allowed.
 */
import { BlockList, isIP } from 'node:net';

const FORBIDDEN_IPV4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Inside 2000::/3, but not assigned to hosts: protocol assignments and Teredo, documentation, 6to4. */
const FORBIDDEN_IPV6: readonly [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const forbidden = new BlockList();
for (const [network, prefix] of FORBIDDEN_IPV4) forbidden.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of FORBIDDEN_IPV6) forbidden.addSubnet(network, prefix, 'ipv6');

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

const loopbacks = new BlockList();
loopbacks.addSubnet('127.0.0.0', 8, 'ipv4');
loopbacks.addAddress('::1', 'ipv6');

/**
 * Returns whether a request can be sent to an address.
 *
 * @param address an IPv4 or IPv6 address
 * @param policy whether this machine can be reached: true on a laptop, never in an AWS account
 */
export function isReachable(address: string, policy: { readonly loopback: boolean }): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (policy.loopback && loopbacks.check(address, family)) return true;
  if (forbidden.check(address, family)) return false;
  return version === 4 || globalUnicast.check(address, family);
}
