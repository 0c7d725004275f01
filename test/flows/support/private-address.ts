/** A private address of this machine, which stands for a server in a private network. */
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { kindOfAddress } from '../../../lambda/model/addresses';

/** Undefined on a machine without a network. */
export const PRIVATE_ADDRESS = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .find(({ address }) => kindOfAddress(address) === 'private')?.address;

/** Returns an address as URLs have it. */
export const hostOf = (address: string): string => (isIPv6(address) ? `[${address}]` : address);

/** Returns the range that contains only this address. */
export const rangeOf = (address: string): string => `${address}/${isIPv6(address) ? 128 : 32}`;
