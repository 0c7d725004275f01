/** A recording as an animated picture (SVG), whose lines move up as on a terminal. */
import type { Line, Span } from './cast';

export interface PictureOptions {
  readonly columns: number;
  readonly rows: number;
  /** Shown as the command that was entered. */
  readonly command: string;
  /** For people who cannot see the picture. */
  readonly title: string;
}

/** In pixels. */
const FONT = 14;
const CHARACTER = FONT * 0.602;
const LINE = 19;
const MARGIN = 16;
const BAR = 30;

/** Black to white, as on a dark terminal. */
const COLORS = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'];
const FOREGROUND = '#e6edf3';
const BACKGROUND = '#0d1117';

/** How long people need to read lines that appear together, in seconds: real pauses are shorter. */
const readingTime = (lines: number): number => 0.6 + 0.25 * lines;
/** A longer pause of the recording becomes so short, in seconds. */
const LONGEST = 4;
/** How long the last lines stay, in seconds. */
const END = 8;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Browsers collapse spaces in a picture, and differ in how to prevent it. */
const NO_BREAK_SPACE = '\u00A0';

const fixed = (value: number): string => String(Number(value.toFixed(2)));

function spanText({ text, bold, dim, color }: Span, column: number): string {
  const attributes = [
    `x="${fixed(column * CHARACTER)}"`,
    ...(color === undefined ? [] : [`fill="${COLORS[color]}"`]),
    ...(bold ? ['font-weight="bold"'] : []),
    ...(dim ? ['opacity="0.6"'] : []),
  ];
  return `<tspan ${attributes.join(' ')}>${escaped(text).replaceAll(' ', NO_BREAK_SPACE)}</tspan>`;
}

function lineText(spans: readonly Span[], index: number): string {
  let column = 0;
  const parts = spans.map((span) => {
    const at = column;
    column += [...span.text].length;
    return span.text.trim() === '' ? '' : spanText(span, at);
  });
  const text = parts.join('');
  return text === '' ? '' : `<text y="${index * LINE + FONT}">${text}</text>`;
}

interface Step {
  /** When it is printed, in seconds of the picture. */
  readonly time: number;
  /** How many lines are visible from then on. */
  readonly lines: number;
}

/** Whether a line begins a paragraph of the output. */
const begins = (lines: readonly Line[], index: number): boolean =>
  index === 0 || (lines[index]?.spans.length === 0 && lines[index - 1]?.spans.length !== 0);

/**
 * Returns the steps: each paragraph appears as a whole, after the time to read the one before.
 *
 * @param lines of the recording; the first step shows the command alone
 */
export function stepsOf(lines: readonly Line[]): Step[] {
  const steps: Step[] = [{ time: 0, lines: 1 }];
  const starts = lines.flatMap((_, index) => (begins(lines, index) ? [index] : []));
  let time = 0;
  let [previous, shown] = [0, 1];
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? lines.length;
    const printed = lines[start]?.time ?? 0;
    const pause = Math.max(printed - previous, readingTime(shown));
    time += Math.min(pause, LONGEST);
    steps.push({ time, lines: end + 1 });
    [previous, shown] = [printed, end - start];
  }
  return steps;
}

/** Returns the picture. The command is its first line. */
export function pictureOf(lines: readonly Line[], { columns, rows, command, title }: PictureOptions): string {
  const prompt: Span[] = [
    { text: '$ ', bold: false, dim: true, color: undefined },
    { text: command, bold: true, dim: false, color: undefined },
  ];
  const steps = stepsOf(lines);
  const duration = (steps.at(-1)?.time ?? 0) + END;
  // The lines move up when the terminal is full. Until then, a cover hides those that are not printed yet.
  const offset = (count: number): number => Math.min(rows - count, 0) * LINE;
  const covered = (count: number): number => Math.min(rows, count) * LINE;
  const framesOf = (position: (count: number) => number): string =>
    steps
      .map(
        ({ time, lines: count }) =>
          `${fixed((100 * time) / duration)}%{transform:translateY(${position(count)}px)}`,
      )
      .join('');
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = rows * LINE + BAR + MARGIN;
  const total = lines.length + 1;
  const texts = [prompt, ...lines.map(({ spans }) => spans)].map(lineText).filter((text) => text !== '');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    '<style>',
    `.lines{font:${FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${FOREGROUND};transform:translateY(${offset(total)}px);animation:move ${fixed(duration)}s step-end infinite}`,
    `.cover{fill:${BACKGROUND};transform:translateY(${covered(total)}px);animation:uncover ${fixed(duration)}s step-end infinite}`,
    `@keyframes move{${framesOf(offset)}}`,
    `@keyframes uncover{${framesOf(covered)}}`,
    '@media (prefers-reduced-motion:reduce){.lines,.cover{animation:none}}',
    '</style>',
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (color, index) => `<circle cx="${MARGIN + 4 + index * 18}" cy="${BAR / 2}" r="5" fill="${color}"/>`,
    ),
    `<svg x="${MARGIN}" y="${BAR}" width="${width - MARGIN}" height="${rows * LINE}">`,
    '<g class="lines">',
    ...texts,
    '</g>',
    `<rect class="cover" width="${width}" height="${rows * LINE}"/>`,
    '</svg>',
    '</svg>',
    '',
  ].join('\n');
}
