/** The comments of tutorials, and the output that they show. `npm run test:docs` follows the tutorials themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENTED } from '../browser/chromium';
import { endOfOutput, isOutput, printedCommands } from './expected-output';
import { parseTutorial } from './tutorial';

const DOCS = join(__dirname, '..', '..', 'docs');
const TUTORIALS = readdirSync(join(DOCS, 'tutorials'));

const stepsOf = (file: string) => parseTutorial(readFileSync(join(DOCS, 'tutorials', file), 'utf8'));

const block = (comment: string, content = 'true'): string => `${comment}\n\n\`\`\`sh\n${content}\n\`\`\`\n`;

describe('the steps of a tutorial', () => {
  it.each(TUTORIALS)('%s has a comment for each block', (file) => {
    expect(stepsOf(file).length).toBeGreaterThan(0);
  });

  it('each PNG picture in docs/images is of a step of a tutorial, or a screenshot of the browser tests', () => {
    const taken = TUTORIALS.flatMap(stepsOf).flatMap((step) =>
      step.kind === 'browser'
        ? step.actions.filter(({ verb }) => verb === 'picture').map(({ what }) => what)
        : [],
    );
    const pictures = readdirSync(join(DOCS, 'images')).filter((file) => file.endsWith('.png'));
    expect([...taken, ...Object.values(DOCUMENTED)].toSorted()).toEqual(pictures.toSorted());
  });

  it('are in the order of the text, with the files, the terminals, and the actions in the browser', () => {
    const steps = parseTutorial(
      [
        block('<!-- file: app/agent.mjs -->', '<!-- run -->'),
        block('<!-- start in terminal 1 until: it runs -->'),
        block('<!-- run in terminal 2 -->'),
        block('<!-- own values -->', 'export A=b'),
        '<!-- an AWS account -->\n',
        '<!-- register the redirect URI -->\n',
        block('<!-- paste from terminal 1 -->'),
        block('<!-- not run: it needs a vendor -->'),
        '<!-- in the browser:\nopen the URL after Open:\nfill User name: ana: b\nclick Allow\n-->\n',
        '<!-- press Ctrl-C in terminal 1 -->',
      ].join('\n'),
    );
    expect(steps).toMatchObject([
      { kind: 'file', path: 'app/agent.mjs', content: '<!-- run -->\n' },
      { kind: 'start', terminal: '1', until: 'it runs', content: 'true\n' },
      { kind: 'run', terminal: '2', content: 'true\n' },
      { kind: 'own values', content: 'export A=b\n' },
      { kind: 'account' },
      { kind: 'redirect URI' },
      { kind: 'paste', from: '1', content: 'true\n' },
      { kind: 'not run', reason: 'it needs a vendor', content: 'true\n' },
      {
        kind: 'browser',
        actions: [
          { verb: 'open the URL after', what: 'Open:' },
          { verb: 'fill', what: 'User name', value: 'ana: b' },
          { verb: 'click', what: 'Allow' },
        ],
      },
      { kind: 'interrupt', terminal: '1' },
    ]);
  });

  it.each([
    [
      'a block without a comment',
      `${block('<!-- run -->')}\n${block('Run this:')}`,
      'line 9: no comment says',
    ],
    ['a comment without a block', '<!-- run -->\n', 'line 1: no block follows'],
    ['an unknown comment', block('<!-- walk -->'), 'line 1: the comment "walk" is not valid'],
    ['a path outside the folder', block('<!-- file: ../agent.mjs -->'), 'is not valid'],
    ['a skipped block without a reason', block('<!-- not run: -->'), 'is not valid'],
    ['an unknown action', '<!-- in the browser:\nwink\n-->', '"wink" is not an action'],
    ['an indented block', '1. Run:\n\n   ```sh\n   true\n   ```', 'line 3: the block is indented'],
    ['a block without an end', '<!-- run -->\n\n```sh\ntrue\n', 'line 3: the block has no end'],
    ['a comment without an end', 'Text\n<!-- run\n', 'line 2: the comment has no end'],
  ])('reject %s', (_, markdown, message) => {
    expect(() => parseTutorial(markdown)).toThrow(message);
  });
});

describe('the output that a tutorial shows', () => {
  it.each([
    ['the same text', 'a\nb\n', 'a\nb\n', true],
    ['another text', 'a\nb\n', 'a\nc\n', false],
    ['more than the text', 'a\n', 'a\nb\n', false],
    ['a part that varies in a line', 'port …, open\n', 'port 4600, open', true],
    ['a part that varies in a line, with another end', 'port …, open\n', 'port 4600, closed', false],
    ['lines that vary', 'a\n…\nd\n', 'a\nb\nc\nd\n', true],
    ['no lines that vary', 'a\n…\nd\n', 'a\nd\n', true],
    ['characters that are special in patterns', '(a)* [b] $1\n', '(a)* [b] $1\n', true],
    ['blank space around it', 'a\n', '\n  a  \n\n', true],
  ])('%s', (_, expected, output, same) => {
    expect(isOutput(expected, output)).toBe(same);
  });

  it('is found among the lines of a program that runs, where whole lines end', () => {
    expect(endOfOutput('b\n', 'a\nb\nc\n')).toBe(4);
    expect(endOfOutput('b\n', 'a\nbc\n')).toBeUndefined();
  });

  it('contains commands with the values that a program has printed', () => {
    const printed = '  export KEY=old\n  export KEY=new ID=1\nKEY=other\n';
    expect(printedCommands('export KEY=… ID=…\n', printed)).toBe('export KEY=new ID=1\n');
    expect(() => printedCommands('export NONE=…\n', printed)).toThrow('shows no line "export NONE=…"');
  });
});
