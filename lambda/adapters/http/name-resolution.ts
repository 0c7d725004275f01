/**
 * The addresses of host names that owners choose. `dns.lookup` resolves names in two threads of the process and cannot be
 * canceled, so two name servers that never respond would stop the DNS of all other owners. A deployment therefore asks its
 * name servers itself. On a laptop, the names can be those of a hosts file or a VPN, which only `dns.lookup` knows.
 */
import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { EndpointPolicy } from '../../model/endpoint';

/** A query for a name whose servers do not respond ends before the request does, or soon after. */
const QUERY = { timeout: 1_000, tries: 3 };

let resolver: Resolver | undefined;

/** RFC 6761 section 6.3: no name server decides about these names. */
const LOCALHOST = /(?:^|\.)localhost\.?$/;

/** IPv6 first, as in RFC 6724: without a route, a connection to such an address fails immediately. */
async function resolved(name: string, family: LookupOptions['family']): Promise<LookupAddress[]> {
  if (LOCALHOST.test(name)) return [{ address: '127.0.0.1', family: 4 }];
  resolver ??= new Resolver(QUERY);
  const answers = await Promise.allSettled([
    family === 4 ? [] : resolver.resolve6(name),
    family === 6 ? [] : resolver.resolve4(name),
  ]);
  const addresses = answers.flatMap((answer, index) =>
    answer.status === 'rejected'
      ? []
      : answer.value.map((address) => ({ address, family: index === 0 ? 6 : 4 })),
  );
  const failure = answers.find((answer) => answer.status === 'rejected');
  if (addresses.length === 0 && failure) throw failure.reason;
  return addresses;
}

/**
 * Returns all addresses of a name.
 *
 * @throws Error with the code of `node:dns`
 */
export function addressesOf(
  name: string,
  options: LookupOptions,
  { loopback }: Pick<EndpointPolicy, 'loopback'>,
): Promise<LookupAddress[]> {
  if (!loopback) return resolved(name, options.family);
  return new Promise((found, failed) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error) failed(error);
      else found(addresses);
    });
  });
}
