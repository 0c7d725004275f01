/**
 * The vendors' catalogue, and the rules for a provider's configuration, for the command line and for synthesis, which
 * checks them too.
 */
export { assertionProviderRejection } from '../domain/provider/assertion-provider';
export type { ShownConfig } from '../domain/provider/config-members';
export type { ShownServer } from '../domain/provider/expected-server';
export type { INCLUDED_VENDORS } from '../domain/provider/included-vendors';
export { alsoEnds, endsOtherGrants } from '../domain/provider/revocation-reach';
export { usesSecret } from '../domain/provider/vendor';
export { checkSecretGiven, resolveConfig } from '../domain/provider/vendor-config';
export { reachOf, vendorOf } from '../domain/provider/vendors';
