/**
 * The steps of a tutorial, from its Markdown. An HTML comment, which a reader does not see, says what the test does with
 * the fenced block after it, or what happens in the browser. CONTRIBUTING.md lists the comments.
 */
import { parseBrowserActions, type BrowserAction } from './browser-actions';

interface AtLine {
  /** Line of the comment in the Markdown. */
  readonly line: number;
}

interface OfBlock extends AtLine {
  readonly content: string;
}

interface InTerminal extends OfBlock {
  /** undefined is the terminal of the step before. */
  readonly terminal?: string;
}

export type Step =
  | (OfBlock & { readonly kind: 'file'; readonly path: string })
  | (InTerminal & { readonly kind: 'run' | 'run until output' | 'checkout' | 'own values' })
  | (InTerminal & { readonly kind: 'start'; readonly until: string })
  | (InTerminal & { readonly kind: 'paste'; readonly from: string })
  | (OfBlock & { readonly kind: 'output' })
  | (OfBlock & { readonly kind: 'not run'; readonly reason: string })
  | (AtLine & { readonly kind: 'browser'; readonly actions: readonly BrowserAction[] })
  | (AtLine & { readonly kind: 'interrupt'; readonly terminal: string })
  | (AtLine & { readonly kind: 'account' | 'redirect URI' });

/** What the Markdown of a tutorial contains, in its order. */
type Part =
  | { readonly kind: 'comment'; readonly line: number; readonly text: string }
  | { readonly kind: 'block'; readonly line: number; readonly content: string };

const FENCE = /^(?<mark>`{3,}|~{3,})/;
const COMMENT_BEGIN = '<!--';
const COMMENT_END = '-->';

/** The text must be corrected; the message says where. */
export class TutorialError extends Error {
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}

/**
 * @throws TutorialError for a block without a comment, a comment without its block, and a comment that is not understood
 */
export function parseTutorial(markdown: string): Step[] {
  const parts = partsOf(markdown.split('\n'));
  const steps: Step[] = [];
  for (let part = parts.shift(); part; part = parts.shift()) {
    if (part.kind === 'block') {
      throw new TutorialError(
        part.line,
        'no comment says what the test does with this block. Put one before it, such as <!-- run -->.',
      );
    }
    const withoutBlock = pageStep(part.text, part.line);
    if (withoutBlock) {
      steps.push(withoutBlock);
      continue;
    }
    const next = parts.shift();
    if (next?.kind !== 'block') {
      throw new TutorialError(
        part.line,
        `no block follows the comment "${part.text}", or the comment is not valid.`,
      );
    }
    steps.push(blockStep(part.text, part.line, next.content));
  }
  return steps;
}

function partsOf(lines: readonly string[]): Part[] {
  const parts: Part[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const first = index;
    const text = lines[index] ?? '';
    const mark = FENCE.exec(text)?.groups?.mark;
    if (mark !== undefined) {
      index = lines.indexOf(mark, first + 1);
      if (index === -1) throw new TutorialError(first + 1, 'the block has no end.');
      const content = `${lines.slice(first + 1, index).join('\n')}\n`;
      parts.push({ kind: 'block', line: first + 1, content });
    } else if (text.startsWith(COMMENT_BEGIN)) {
      while (index < lines.length && !(lines[index] ?? '').endsWith(COMMENT_END)) index += 1;
      if (index === lines.length) throw new TutorialError(first + 1, 'the comment has no end.');
      const comment = lines.slice(first, index + 1).join('\n');
      const inside = comment.slice(COMMENT_BEGIN.length, -COMMENT_END.length).trim();
      parts.push({ kind: 'comment', line: first + 1, text: inside });
    } else if (text.trim().startsWith('```')) {
      throw new TutorialError(
        first + 1,
        'the block is indented. Blocks of a tutorial are not part of a list.',
      );
    }
  }
  return parts;
}

const IN_THE_BROWSER = /^in the browser:\s*(?<actions>[\s\S]+)$/;
const INTERRUPT = /^press Ctrl-C in terminal (?<terminal>\w+)$/;

/** A step that has no block; undefined if the comment is about a block. */
function pageStep(text: string, line: number): Step | undefined {
  const actions = IN_THE_BROWSER.exec(text)?.groups?.actions;
  if (actions !== undefined) {
    const unknown = (action: string): TutorialError =>
      new TutorialError(line, `"${action}" is not an action in the browser.`);
    return { kind: 'browser', line, actions: parseBrowserActions(actions, unknown) };
  }
  const terminal = INTERRUPT.exec(text)?.groups?.terminal;
  if (terminal !== undefined) return { kind: 'interrupt', line, terminal };
  if (text === 'an AWS account') return { kind: 'account', line };
  return text === 'register the redirect URI' ? { kind: 'redirect URI', line } : undefined;
}

/** A path below the folder. */
const FILE = /^file: (?<path>\w[\w-]*(?:[./][\w-]+)*)$/;
const RUN = /^run(?: in terminal (?<terminal>\w+))?$/;
const RUN_UNTIL_OUTPUT = 'run until the output is as shown';
const CHECKOUT = /^checkout(?: in terminal (?<terminal>\w+))?$/;
const OWN_VALUES = /^own values(?: in terminal (?<terminal>\w+))?$/;
const START = /^start(?: in terminal (?<terminal>\w+))? until: (?<until>.+)$/;
const PASTE = /^paste from terminal (?<from>\w+)(?: in terminal (?<terminal>\w+))?$/;
const NOT_RUN = /^not run: (?<reason>.+)$/;

function blockStep(text: string, line: number, content: string): Step {
  const base = { line, content };
  const file = FILE.exec(text)?.groups;
  if (file?.path !== undefined) return { kind: 'file', ...base, path: file.path };
  const checkout = CHECKOUT.exec(text)?.groups;
  if (checkout) return { kind: 'checkout', ...base, ...inTerminal(checkout) };
  const ran = RUN.exec(text)?.groups;
  if (ran) return { kind: 'run', ...base, ...inTerminal(ran) };
  if (text === RUN_UNTIL_OUTPUT) return { kind: 'run until output', ...base };
  const values = OWN_VALUES.exec(text)?.groups;
  if (values) return { kind: 'own values', ...base, ...inTerminal(values) };
  const started = START.exec(text)?.groups;
  if (started?.until !== undefined) {
    return { kind: 'start', ...base, ...inTerminal(started), until: started.until };
  }
  const pasted = PASTE.exec(text)?.groups;
  if (pasted?.from !== undefined) {
    return { kind: 'paste', ...base, ...inTerminal(pasted), from: pasted.from };
  }
  const skipped = NOT_RUN.exec(text)?.groups;
  if (skipped?.reason !== undefined) return { kind: 'not run', ...base, reason: skipped.reason };
  if (text === 'output') return { kind: 'output', ...base };
  throw new TutorialError(line, `the comment "${text}" is not valid.`);
}

const inTerminal = ({ terminal }: Record<string, string | undefined>): { readonly terminal?: string } =>
  terminal === undefined ? {} : { terminal };
