/** Opens a URL in the person's browser, by the program that each system has for that. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';

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
 * Returns the page of a service that a URL names; undefined for another one. A service on this computer has several names.
 *
 * @param publicUrl where the pages of a local service with --public-url are
 */
export function pageOf(endpoint: string, text: string, publicUrl?: string): URL | undefined {
  const page = webUrl(text);
  const service = new URL(endpoint);
  const isLocal =
    page?.protocol === service.protocol &&
    page.port === service.port &&
    [page, service].every(({ hostname }) => LOOPBACK.test(hostname));
  const isPublic =
    LOOPBACK.test(service.hostname) &&
    publicUrl !== undefined &&
    URL.canParse(publicUrl) &&
    page?.origin === new URL(publicUrl).origin;
  return page && (page.origin === service.origin || isLocal || isPublic) ? page : undefined;
}

/** @param address begins with a scheme or a root, so it is no option. xdg-open does not know `--`. */
const start = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
    const child = spawn(command, [...args, address], { stdio: 'ignore', detached: true });
    child.once('error', () => {
      resolve(false);
    });
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });

/** Returns whether a browser could be started. The browser receives the URL only, and no output reaches the terminal. */
export function openBrowser(url: string): Promise<boolean> {
  const page = webUrl(url);
  return page ? start(page.href) : Promise.resolve(false);
}

/**
 * As {@link openBrowser}, for a page with a secret in its address: other users can read the arguments of a program, and
 * not the file.
 *
 * @param path absolute path of a file with HTML
 */
export const openFile = (path: string): Promise<boolean> =>
  isAbsolute(path) && existsSync(path) ? start(path) : Promise.resolve(false);
