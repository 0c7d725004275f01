/** The vendors, as options name them, and how an operator registers an app at each. */
import { VENDOR_NAMES, type VendorName } from '../../../../lambda/model/provider/vendor-names';
import { usageError } from '../../failure';
import { closestTo } from '../../closest-name';
import { VENDOR_SETUP } from './vendor-setup';

export const shortName = (vendor: VendorName): string => vendor.replace(/Oauth2$/, '').toLowerCase();

/** Returns the vendor of a name: the AWS name, or the name without `Oauth2`, in any case. */
export function vendorNamed(text: string): VendorName {
  const wanted = text.toLowerCase().replace(/oauth2$/, '');
  const found = VENDOR_NAMES.find((name) => name.toLowerCase() === `${wanted}oauth2`);
  if (found !== undefined) return found;
  const names = VENDOR_NAMES.map(shortName);
  const meant = closestTo(wanted, names);
  throw usageError(
    `There is no vendor "${text}". The vendors are ${names.join(', ')}.`,
    meant === undefined ? undefined : `Did you mean ${meant}?`,
  );
}

export const VENDOR_PARAMETER = {
  parse: vendorNamed,
  placeholder: 'vendor',
  proposeCompletions: (partial: string) =>
    VENDOR_NAMES.map(shortName).filter((name) => name.startsWith(partial.toLowerCase())),
} as const;

/** Returns how an app is registered at the vendor, as labels and texts. */
export function registrationOf(vendor: VendorName): (readonly [label: string, text: string | undefined])[] {
  const { console, app, callback, credentials, scopes, refreshTokens, review, notes } = VENDOR_SETUP[vendor];
  return [
    ['Where', console],
    ['App', app],
    ['Callback URL', callback],
    ['Credentials', credentials],
    ['Scopes', scopes],
    ['Refresh tokens', refreshTokens],
    ['Review', review],
    ...notes.map((note) => ['Note', note] as const),
  ];
}
