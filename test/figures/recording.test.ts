/** The recording of the demo in README.md: its form, and that it is one of the present demo. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, type Line } from '../../scripts/recording/cast';
import { pictureOf, stepsOf } from '../../scripts/recording/picture';

const ROOT = join(__dirname, '../..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PICTURE = textOf('docs/images/demo.svg');

const castOf = (width: number, ...events: (readonly [number, string])[]): string =>
  [{ version: 2, width, height: 5 }, ...events.map(([time, text]) => [time, 'o', text])]
    .map((line) => JSON.stringify(line))
    .join('\n');

/** Returns the text of lines without styles. */
const plain = (lines: readonly Line[]): string[] =>
  lines.map(({ spans }) => spans.map(({ text }) => text).join(''));

describe('docs/images/demo.svg', () => {
  const shown = PICTURE.replaceAll(/<[^>]+>/g, '').replaceAll('\u00A0', ' ');

  it('has every step of the demo; if not, run `npm run recording`', () => {
    const folder = join(ROOT, 'examples/demo');
    const code = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const titles = code.flatMap((text) =>
      [...text.matchAll(/^ +title: (["'])(.+)\1,$/gm)].map(([, , title = '']) => title),
    );
    expect(titles.length).toBeGreaterThan(20);
    expect(titles.filter((title) => !shown.includes(title))).toEqual([]);
    expect(shown).toContain('All 20 steps succeeded');
  });

  it('is small, contains no script and no reference, and names no folder of a computer', () => {
    expect(PICTURE.length).toBeLessThan(100_000);
    expect(PICTURE).not.toMatch(/<script|href=|url\(|@import/);
    expect(shown).not.toMatch(/\/(home|Users|root|tmp)\//);
  });

  it('is in README.md, with a description', () => {
    expect(textOf('README.md')).toMatch(/!\[A recording of [^\]]{40,}\]\(docs\/images\/demo\.svg\)/);
  });
});

describe('a recording', () => {
  it('keeps text, styles, and times, and breaks long lines', () => {
    const lines = linesOf(
      castOf(4, [0.5, '\u001B[1m\u001B[32mab\u001B[39m\u001B[22mc'], [0.7, 'def\r\ng\r\n']),
    );
    expect(plain(lines)).toEqual(['abcd', 'ef', 'g']);
    expect(lines[0]?.spans).toEqual([
      { text: 'ab', bold: true, dim: false, color: 2 },
      { text: 'cd', bold: false, dim: false, color: undefined },
    ]);
    expect(lines.map(({ time }) => time)).toEqual([0.7, 0.7, 0.7]);
  });

  it('with other control sequences is rejected', () => {
    expect(() => linesOf(castOf(80, [0, '\u001B[2Jx\n']))).toThrow('control sequence');
    expect(() => linesOf(castOf(80, [0, '\u001B[48mx\n']))).toThrow('graphic rendition 48');
  });
});

describe('a picture', () => {
  const lines = linesOf(castOf(80, [1, 'a <b> & "c"\n'], [1.1, '\nsecond\nthird\n'], [90, '\nlast\n']));

  it('shows each paragraph after the time to read the one before, and shortens long pauses', () => {
    expect(stepsOf(lines)).toEqual([
      { time: 0, lines: 1 },
      { time: 1, lines: 2 },
      { time: 1.85, lines: 5 },
      { time: 5.85, lines: 7 },
    ]);
  });

  it('escapes the text, and moves the lines when the terminal is full', () => {
    const picture = pictureOf(lines, { columns: 80, rows: 5, command: 'demo', title: 'A "demo"' });
    expect(picture).toContain('a\u00A0&lt;b&gt;\u00A0&amp;\u00A0&quot;c&quot;');
    expect(picture).toContain('aria-label="A &quot;demo&quot;"');
    expect(picture).toMatch(/@keyframes move\{0%\{transform:translateY\(0px\)\}.*translateY\(-38px\)\}\}/);
  });
});
