/** The vendors' catalogue, for the command line. */
export { alsoEnds } from '../domain/provider/revocation-reach';
export { CLIENT_AUTHENTICATION_METHODS, usesSecret } from '../domain/provider/vendor';
export { reachOf, VENDOR_NAMES, vendorOf, type VendorName } from '../domain/provider/vendors';
