/**
 * Whether the tokens of a credential provider are bound to keys (DPoP, RFC 9449), and for which URLs agents get proofs:
 * a member of this service's own, because AWS has none.
 */
import type { DpopConfig, Oauth2Discovery, Oauth2ProviderAttributes } from '../../model/provider/record';
import { invalidMember } from '../service-error';
import { isNormalizedUrl, MUST_BE_NORMALIZED, type EndpointPolicy } from '../../model/endpoint';
import { checkEndpoint } from '../endpoint';
import { isProtectedResourceUrl } from '../../model/discovery-url';

/** The part of a provider that decides whether its tokens are bound. */
export type Bindable = Pick<Oauth2ProviderAttributes, 'dpop' | 'discovery'>;

/**
 * Returns the configuration, if the tokens are bound: the owner's, or what the metadata of the protected resource require
 * (`dpop_bound_access_tokens_required`, RFC 9728 section 2).
 */
export const dpopConfigOf = ({ dpop, discovery }: Bindable): DpopConfig | undefined =>
  dpop ?? (discovery.protectedResource?.dpopRequired ? {} : undefined);

/** Returns the URLs for which agents get proofs. */
export const proofResourcesOf = ({ dpop, discovery: { protectedResource } }: Bindable): readonly string[] =>
  protectedResource ? [protectedResource.resource] : (dpop?.resourceUrls ?? []);

/**
 * Checks the configuration.
 *
 * @param member its name, for messages
 * @throws ValidationException for URLs that cannot be those of a resource, for URLs next to the one of a protected
 *   resource, and without URLs for another server: its tokens would be bound, and no request would get a proof
 */
export function checkDpopConfig(
  member: string,
  { resourceUrls }: DpopConfig,
  { discoveryUrl = '' }: Oauth2Discovery,
  policy: EndpointPolicy,
): void {
  if (isProtectedResourceUrl(discoveryUrl)) {
    if (resourceUrls === undefined) return;
    throw invalidMember(
      `${member}.resourceUrls`,
      'must be omitted: the provider is for a protected resource, which is the only one that proofs are for',
    );
  }
  if (resourceUrls === undefined) {
    throw invalidMember(
      `${member}.resourceUrls`,
      'is required, because the provider is not for a protected resource',
    );
  }
  for (const [index, url] of resourceUrls.entries()) {
    const at = `${member}.resourceUrls.${index}`;
    checkEndpoint(at, url, policy);
    if (url.includes('?')) throw invalidMember(at, 'must not have a query: it stands for all paths below it');
    // Otherwise, it would stand for other paths than an owner reads, or for none that gets a proof.
    if (!isNormalizedUrl(url)) throw invalidMember(at, MUST_BE_NORMALIZED);
  }
}
