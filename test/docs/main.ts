/** The checks of `npm run test:docs`; run.mjs starts them. Each tutorial is followed from its own text. */
import '../program/quiet';
import { mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../browser/chromium';
import { exitCodeOf, print, run } from '../deployed/check-program';
import { Checks, Stopped } from '../deployed/checks';
import { freePorts } from '../local/free-ports';
import { interruption } from '../program/interruption';
import { Account } from './aws/account';
import { Reader } from './reader';
import { parseTutorial } from './tutorial';

const DOCS = join(__dirname, '..', '..', 'docs');
const TUTORIALS = join(DOCS, 'tutorials');
const PICTURES = join(DOCS, 'images');

/** A picture is as wide as a page of the documentation. */
const VIEWPORT = { width: 720, height: 720 };

const PAGE_MILLISECONDS = 20_000;

/** The settings of this project, of npm, and of AWS, which a reader does not have. */
const FOREIGN =
  /^(npm_(?!config_(registry|cache|cafile)$)|AWS_|CDK_|NODE_|PYTHON|VIRTUAL_ENV|AGENT_IDENTITY_|DATA_DIR$)/i;

/** The reader's environment. Only addresses and colors differ from what the tutorial's commands use themselves. */
function environment(port: number): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return {
    ...Object.fromEntries(kept),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    NO_COLOR: '1',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    // Free ports, so that another service can have the default ports. The programs and gates of the tutorials have fixed
    // ports, so two runs on one computer conflict.
    PORT: String(port),
    // The example agent in Python, which no tutorial uses.
    PYTHON: '/nowhere',
  };
}

interface Options {
  readonly names: readonly string[];
  readonly takesPictures: boolean;
}

/** `npm run test:docs -- [--pictures] [tutorial …]` */
function optionsOf(arguments_: readonly string[]): Options {
  const known = readdirSync(TUTORIALS)
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length));
  const named = arguments_.filter((argument) => argument !== '--pictures');
  const unknown = named.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`There is no tutorial ${unknown}. Tutorials: ${known.join(', ')}`);
  }
  return { names: named.length > 0 ? named : known, takesPictures: arguments_.includes('--pictures') };
}

/** Readers whose programs might run, with their accounts and browsers. */
const readers = new Set<Pick<Reader, 'close'>>();

async function openPage(browser: Browser): Promise<Page> {
  // The authority of an account's certificates is not installed in the browser.
  const context = await browser.newContext({
    viewport: VIEWPORT,
    colorScheme: 'light',
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_MILLISECONDS);
  return page;
}

async function followTutorial(name: string, checks: Checks, pictures?: string): Promise<void> {
  checks.chapter(`docs/tutorials/${name}.md`);
  const steps = parseTutorial(await readFile(join(TUTORIALS, `${name}.md`), 'utf8'));
  const root = await mkdtemp(join(tmpdir(), 'agent-identity-docs-'));
  const folder = join(root, 'reader');
  mkdirSync(folder);
  const needsAccount = steps.some(({ kind }) => kind === 'account');
  const account = needsAccount ? await Account.open(join(root, 'account')) : undefined;
  if (account) readers.add(account);
  const browser = await launchChromium({ additional: account?.ofBrowser ?? [] });
  readers.add(browser);
  const page = await openPage(browser);
  const env = { ...environment(await freePorts()), ...account?.env };
  const reader = new Reader({
    ...{ folder, env, page, pictures },
    runsLocally: !needsAccount,
    values: account?.values ?? {},
    registerRedirectUri: (uri) => account?.registerRedirectUri(uri),
  });
  readers.add(reader);
  try {
    await reader.follow(steps, checks);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    print(`\n"${error.message}" failed, so the steps after it were not done.`);
  } finally {
    await reader.close();
    readers.delete(reader);
    if (account) {
      await account.close();
      readers.delete(account);
    }
    await browser.close();
    readers.delete(browser);
    await rm(root, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const interrupted = interruption();
  const { names, takesPictures } = optionsOf(process.argv.slice(2));
  const checks = new Checks(print);
  try {
    const checking = (async () => {
      for (const name of names) {
        await followTutorial(name, checks, takesPictures ? PICTURES : undefined);
      }
    })();
    return await exitCodeOf(checks, checking, interrupted);
  } finally {
    // An interruption leaves them open.
    await Promise.all([...readers].map((reader) => reader.close()));
  }
}

run(main);
