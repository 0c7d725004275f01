/**
 * The vendors' catalogue, and the rules for a provider's configuration, for the command line and for synthesis, which
 * checks them too.
 */
export { assertionProviderRejection } from '../domain/provider/assertion-provider';
export type { CustomOauth2Config } from '../domain/provider/custom-config';
export type { INCLUDED_VENDORS } from '../domain/provider/included-vendors';
export type { OnBehalfOfConfig } from '../domain/provider/on-behalf-of-config';
export { CLIENT_REGISTRATIONS, type ClientRegistration } from '../domain/provider/provided-client';
export { alsoEnds, endsOtherGrants, type RevocationReach } from '../domain/provider/revocation-reach';
export { CLIENT_AUTHENTICATION_METHODS, usesSecret } from '../domain/provider/vendor';
export { checkSecretGiven, resolveConfig } from '../domain/provider/vendor-config';
export { reachOf, VENDOR_NAMES, vendorOf, type VendorName } from '../domain/provider/vendors';
