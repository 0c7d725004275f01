/**
 * The consent page of this service, which a person confirms before the browser is redirected to the provider. The page's
 * link carries a digest of the browser's cookie: only the browser that saw the page can confirm or decline. A link that
 * someone else made, with or without a digest, shows the page.
 */
import { hashOf, isHashOf } from '../digest';
import { shownText } from '../display-name';
import { type System, epochSeconds } from '../system';
import { bindingCookie, bindingCookieName, page, type BrowserOutcome } from './browser';
import type { ConsentPageContent, Session } from '../../model/records/consent-session';

/** What the browser sends. */
export interface Confirmation {
  readonly requestUri?: string | undefined;
  readonly confirmation?: string | undefined;
  readonly cookies: ReadonlyMap<string, string>;
}

/** The digest differs from the stored digest of the same cookie, so neither can be used as the other. */
const confirmationOf = (cookie: string): string => hashOf(`consent page ${cookie}`);

/** Returns whether the request comes from the consent page in this browser. */
export function isConfirmed(session: Session, { confirmation, cookies }: Confirmation): boolean {
  const cookie = cookies.get(bindingCookieName(session.hash));
  return cookie !== undefined && isHashOf(hashOf(confirmationOf(cookie)), confirmation);
}

const COOKIE = /^[\w-]{43}$/;

/** Returns the part of a URL that a person can recognize. An application's own scheme has no origin. */
function originOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, protocol } = new URL(url);
  return origin === 'null' ? protocol : origin;
}

/**
 * Returns the consent page. A browser that is at the provider already keeps its cookie, so that looking at the page
 * again does not reject the provider's response.
 */
export function question(
  system: System,
  session: Session & { readonly page: ConsentPageContent },
  { requestUri = '', cookies }: Confirmation,
): BrowserOutcome {
  const known = cookies.get(bindingCookieName(session.hash));
  const cookie = known !== undefined && COOKIE.test(known) ? known : system.randomToken(32);
  const { purpose, portalId } = session.page;
  const { workload, provider, authorization } = session;
  return {
    ...page({
      name: 'consent',
      question: {
        agent: { name: workload.name, displayName: workload.displayName },
        provider: { name: provider.name, displayName: provider.displayName },
        ...(purpose !== undefined && { purpose }),
        // Custom parameters can request scopes, too.
        scopes: [...new Set([...session.scopes, ...(session.parameterScopes ?? [])])].map(shownText),
        servers: [...new Set([...session.resources, ...session.audiences])].map(shownText),
        continueTo: originOf(authorization.endpoint),
        returnTo: originOf(session.returnUrl),
        requestUri,
        confirmation: confirmationOf(cookie),
        ...(portalId !== undefined && { portalId }),
      },
    }),
    ...bindingCookie(session, cookie, { cookies, now: epochSeconds(system) }),
  };
}
