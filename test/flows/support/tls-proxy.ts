/** A service at an https address that only its tests know: they send its requests to the local endpoint. */
import { Browser, type Page } from './browser';

export const PUBLIC_ADDRESS = 'https://agents.example';

/** Returns the local URL of a URL at the public address; other URLs stay. */
export const localUrl = (url: string, endpoint: string): string =>
  url.startsWith(`${PUBLIC_ADDRESS}/`) ? endpoint + url.slice(PUBLIC_ADDRESS.length) : url;

/** A browser that reaches the public address. */
export class ProxiedBrowser extends Browser {
  /** @param endpoint the local address of the service */
  constructor(private readonly endpoint: string) {
    super();
  }

  override async send(url: string, init?: RequestInit): Promise<Page> {
    return { ...(await super.send(localUrl(url, this.endpoint), init)), url };
  }
}
