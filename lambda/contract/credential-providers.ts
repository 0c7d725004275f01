/** The vendors' catalogue, and the rules for a provider's configuration, as synthesis checks them too. */
export type { CustomOauth2Config } from '../domain/provider/custom-config';
export type { INCLUDED_VENDORS } from '../domain/provider/included-vendors';
export { checkSecretGiven, resolveConfig } from '../domain/provider/vendor-config';
export { vendorOf, type VendorName } from '../domain/provider/vendors';
