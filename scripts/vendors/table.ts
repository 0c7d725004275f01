/** The table of docs/vendors.md: how each vendor revokes tokens. */
import { VENDOR_NAMES } from '../../lambda/model/provider/vendor-names';
import type { VendorRevocation } from '../../lambda/domain/provider/vendor';
import { vendorOf } from '../../lambda/domain/provider/vendors';
import { table } from '../markdown-table';

/** Returns the method and the endpoint, relative to the token endpoint. */
function how({ reach, endpoint, method, undocumented }: VendorRevocation): string {
  if (reach === 'none') return '(none)';
  if (endpoint === undefined) return '`revocation_endpoint` of the metadata';
  return `${method ?? 'POST'} \`${endpoint}\`${undocumented ? ', not documented' : ''}`;
}

const SENT = {
  one: 'refresh token, else access token',
  'refresh-token': 'refresh token',
  'access-token': 'access token',
  each: 'refresh token, then access token',
} as const;

const sent = ({ reach, sends }: VendorRevocation): string => (reach === 'none' ? '' : SENT[sends ?? 'each']);

/** Returns what proves the revocation, in addition to a refresh token that is rejected. */
function proof({ reach, endpoint, introspection, response, deadStatus, sends }: VendorRevocation): string {
  if (reach === 'none') return '';
  if (introspection !== undefined) return `introspection (\`${introspection}\`)`;
  if (endpoint === undefined) return '`introspection_endpoint` of the metadata';
  return (response ?? deadStatus ?? sends === 'one') ? 'a repeated request' : '';
}

export const vendorsTable = (): string =>
  table([
    ['Vendor', 'Request', 'Token', 'Reach', 'Other proof', 'Where users remove the access'],
    ...VENDOR_NAMES.map((name) => {
      const { revocation } = vendorOf(name);
      const { reach, userRemoves = '' } = revocation;
      return [
        `\`${name}\``,
        how(revocation),
        sent(revocation),
        `\`${reach}\``,
        proof(revocation),
        userRemoves,
      ];
    }),
  ]);
