/** Prints the demonstration on a terminal: the lane's color at the left, the requests, and the checks. */
import { styleText } from 'node:util';
import type { Lane, Line, Step } from './step';

type Style = Parameters<typeof styleText>[0];
type Color = Exclude<Style, readonly unknown[]>;

const LANES: Readonly<Record<Lane, Color>> = {
  user: 'cyan',
  application: 'blue',
  'agent service': 'magenta',
  identity: 'green',
  agent: 'yellow',
  'third-party resource': 'red',
};

/** The color of each party's lane. The browser uses the user's lane. The identity provider has no lane. */
const PARTIES: Readonly<Record<string, Color>> = {
  browser: LANES.user,
  application: LANES.application,
  gate: LANES['agent service'],
  identity: LANES.identity,
  agent: LANES.agent,
  Almanac: LANES['third-party resource'],
  calendar: LANES['third-party resource'],
};

/** Column widths of a request line. */
const PARTY = 11;
const PATH = 40;

/** Parts of a path that mean nothing to a reader, or that only one browser must know. */
const shortened = (path: string): string =>
  path
    .replace(/^\/runtimes\/.*\/invocations$/, '/runtimes/…/invocations')
    .replace(/^\/interaction\/[^/]+/, '/interaction/…')
    .replace(/\/callback\/[^/]+$/, '/callback/…');

export class Printer {
  /** @param colored whether the terminal shows colors. */
  constructor(
    private readonly write: (text: string) => void,
    private readonly colored: boolean,
  ) {}

  title(...lines: string[]): void {
    const [first = '', ...rest] = lines;
    this.write(
      `\n  ${this.style('bold', first)}\n${rest.map((line) => `  ${this.style('dim', line)}\n`).join('')}`,
    );
  }

  /** @param number undefined for an entry that is not a step of the flow. */
  step(
    number: number | undefined,
    { lane, title }: Pick<Step<never>, 'lane' | 'title'>,
    lines: readonly Line[],
  ): void {
    const lead = number === undefined ? '    ' : `${String(number).padStart(2)}  ${lane}  `;
    this.write(
      `\n${this.bar(lane)} ${this.style(['bold', LANES[lane]], lead)}${this.style('bold', title)}\n`,
    );
    for (const line of lines) this.write(`${this.bar(lane)}     ${this.line(line)}\n`);
  }

  /** Prints the error of the step that was just printed. */
  failure({ lane }: Pick<Step<never>, 'lane'>, reason: string): void {
    this.write(`${this.bar(lane)}     ${this.style('red', `✗ ${reason}`)}\n`);
  }

  private bar(lane: Lane): string {
    return ` ${this.style(LANES[lane], '┃')}`;
  }

  private line(line: Line): string {
    if (line.kind === 'exchange') return this.exchange(line);
    const mark = line.kind === 'check' ? this.style('green', '✓') : this.style('dim', '·');
    return `${mark} ${line.text}`;
  }

  private exchange({ exchange, note }: Line & { readonly kind: 'exchange' }): string {
    const { from, to, method, path, status } = exchange;
    const sender = this.party(from, from.padStart(PARTY));
    const receiver = this.party(to, to.padEnd(PARTY));
    const answer = this.style(status < 400 ? 'green' : 'red', String(status));
    const said = note === undefined ? '' : `  ${this.style('dim', note)}`;
    return `${sender} ${this.style('dim', '→')} ${receiver}  ${method.padEnd(4)} ${shortened(path).padEnd(PATH)} ${answer}${said}`;
  }

  private party(name: string, text: string): string {
    const color = PARTIES[name];
    return color === undefined ? text : this.style(color, text);
  }

  private style(style: Style, text: string): string {
    return this.colored ? styleText(style, text) : text;
  }
}
