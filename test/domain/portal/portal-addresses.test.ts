/** The ID in a return URL of a portal: only in an address that is exactly that of a portal. */
import { portalIdInReturnUrl, portalReturnUrl } from '../../../lambda/domain/portal/consent-portal';

const BASE = 'https://identity.example/prod';

describe('the ID of a portal', () => {
  it('is in the return URL of the portal', () => {
    expect(portalIdInReturnUrl(BASE, portalReturnUrl(BASE, 'portal-0123456789'))).toBe('portal-0123456789');
  });

  it.each([
    '',
    BASE,
    `${BASE}/portals/portal-0123456789`,
    `${BASE}/portals/portal-0123456789/callback`,
    `${BASE}/portals/portal-0123456789/connect/callback/`,
    `${BASE}/portals/portal-0123456789/connect/callback?a=b`,
    `${BASE}/portals/portal-0123456789/x/connect/callback`,
    `${BASE}x/portals/portal-0123456789/connect/callback`,
    'https://evil.example/prod/portals/portal-0123456789/connect/callback',
    'HTTPS://identity.example/prod/portals/portal-0123456789/connect/callback',
  ])('is in no other address: %s', (address) => {
    expect(portalIdInReturnUrl(BASE, address)).toBeUndefined();
  });
});
