/** Opens a URL in the person's browser, by the program that each system has for that. */
import { spawn } from 'node:child_process';

/** Windows: `start` of cmd.exe would interpret `&` in the URL. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Returns whether a browser could be started. The browser receives the URL only, and no output reaches the terminal. */
export const openBrowser = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
    const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
    child.once('error', () => {
      resolve(false);
    });
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
