/** A consent portal's pages in a browser without a screen: its forms, and the steps that a person takes. */
import type { Browser, Page } from './browser';
import { signInAndConsent } from './provider';

/** Returns the heading of a page. */
export const titleOf = ({ html }: Page): string => /<h1>([^<]*)<\/h1>/.exec(html)?.[1] ?? '';

/** Returns the address that a redirect leads to. */
export const locationOf = ({ headers, url }: Page): string =>
  new URL(headers.get('location') ?? '', url).href;

/** Returns the link from a consent page to the provider. */
export function continueLink({ html, url }: Page): string {
  const link = /href="(authorize\?[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
  return new URL(link, url).href;
}

/** Returns the members of a form of the page. */
export function membersOf({ html }: Page, action: string): Record<string, string> {
  const [, form = ''] =
    new RegExp(`<form[^>]*action="[^"]*/${action}"[^>]*>(.*?)</form>`, 's').exec(html) ?? [];
  const inputs = [...form.matchAll(/name="([^"]*)"\s+value="([^"]*)"/g)];
  return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, value]));
}

export class PortalPages {
  /** @param url address of the portal, without a trailing slash */
  constructor(private readonly url: string) {}

  address = (path = ''): string => this.url + path;

  /** Headers of a form that a page of the portal sends. */
  sameOrigin = (): Record<string, string> => ({
    origin: new URL(this.url).origin,
    'sec-fetch-site': 'same-origin',
  });

  post = (
    browser: Browser,
    action: string,
    members: Record<string, string>,
    headers: Record<string, string> = this.sameOrigin(),
  ): Promise<Page> =>
    browser.send(this.address(`/${action}`), {
      method: 'POST',
      headers,
      body: new URLSearchParams(members),
    });

  /** Signs in from the portal's page; returns the page of the person's agents. */
  signIn = async (browser: Browser, login = 'ana'): Promise<Page> => {
    const { url } = await signInAndConsent(browser, this.address('/login'), login, this.address('/callback'));
    return browser.go(url);
  };

  /** Chooses to connect the first agent of the page; returns the consent page. */
  ask = async (browser: Browser, page: Page): Promise<Page> =>
    browser.step(locationOf(await this.post(browser, 'connect', membersOf(page, 'connect'))));

  /** Connects the first agent of the page; returns the page that says so. */
  connect = async (browser: Browser, page: Page, login = 'ana'): Promise<Page> => {
    const next = continueLink(await this.ask(browser, page));
    const back = await signInAndConsent(browser, next, login, this.address('/connect/'));
    return browser.go(back.url);
  };
}
