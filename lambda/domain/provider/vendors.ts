/** The vendors that AWS names (`CredentialProviderVendorType`), as data; see vendor.ts for what each member means. */
import { INCLUDED_VENDORS } from './included-vendors';
import { NAMED_VENDORS } from './named-vendors';
import { VENDOR_NAMES, type VendorName } from '../../model/provider/vendor-names';
import type { RevocationReach } from '../../model/records/revocation-outbox';
import type { Vendor } from './vendor';

const CUSTOM: Vendor = {
  configMember: 'customOauth2ProviderConfig',
  server: 'stated',
  clientAuthentication: 'CLIENT_SECRET_BASIC',
  revocation: { reach: 'grant', typeHint: true },
};

const VENDORS: Readonly<Record<VendorName, Vendor>> = {
  CustomOauth2: CUSTOM,
  ...NAMED_VENDORS,
  ...INCLUDED_VENDORS,
};

export const vendorOf = (name: VendorName): Vendor => VENDORS[name];

const DECLINED_ERRORS: ReadonlySet<string> = new Set(
  VENDOR_NAMES.flatMap((name) => vendorOf(name).declinedErrors ?? []),
);

/** Returns whether a vendor has this error code for an authorization that the person declined. */
export const isDeclinedError = (code: string): boolean => DECLINED_ERRORS.has(code);

/** Returns what else a revocation ends at this vendor. */
export const reachOf = (name: VendorName): RevocationReach => vendorOf(name).revocation.reach;
