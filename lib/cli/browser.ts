/** Opens a URL in the person's browser, by the program that each system has for that. */
import { spawn } from 'node:child_process';

/** Windows: `start` of cmd.exe would interpret `&` in the URL. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Returns the URL of a web page: https, or http on this computer. Another text could be a file, or an option. */
export function webUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  return isWeb ? url : undefined;
}

/**
 * Returns the page of a service that a URL names; undefined for another one. A service on this computer has several names,
 * and with --public-url, its pages are at another server.
 */
export function pageOf(endpoint: string, text: string): URL | undefined {
  const page = webUrl(text);
  const service = new URL(endpoint);
  if (!page || page.origin === service.origin) return page;
  if (!LOOPBACK.test(service.hostname)) return undefined;
  const isLocal =
    LOOPBACK.test(page.hostname) && page.protocol === service.protocol && page.port === service.port;
  return isLocal || (page.protocol === 'https:' && !LOOPBACK.test(page.hostname)) ? page : undefined;
}

/** Returns whether a browser could be started. The browser receives the URL only, and no output reaches the terminal. */
export const openBrowser = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const page = webUrl(url);
    if (!page) {
      resolve(false);
      return;
    }
    const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
    // It begins with its scheme, so it is no option. xdg-open does not know `--`.
    const child = spawn(command, [...args, page.href], { stdio: 'ignore', detached: true });
    child.once('error', () => {
      resolve(false);
    });
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
