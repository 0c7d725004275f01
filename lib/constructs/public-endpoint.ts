/** Addresses that a deployment calls: unlike the local mode, it takes no http address at all. */
import { endpointFault } from '../../lambda/model/endpoint';

/** Returns why a deployment cannot call the address, or undefined if it can. */
export function publicEndpointFault(url: string): string | undefined {
  if (URL.canParse(url) && new URL(url).protocol === 'http:') return 'must be an https URL';
  return endpointFault(url, { loopback: false });
}
