/** Named checks, which are printed when they end, and counted. */
import { styleText } from 'node:util';

const colored = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const mark = (color: 'green' | 'red' | 'yellow', text: string): string =>
  colored ? styleText(color, text) : text;

/** A step that later checks need has failed, and has been reported. */
export class Stopped extends Error {}

export class Checks {
  private passed = 0;
  private failed = 0;
  private skipped = 0;

  constructor(private readonly print: (line: string) => void) {}

  /** Begins a group of checks. */
  chapter(title: string): void {
    this.print(`\n== ${title}`);
  }

  /** Prints a line that is no check. */
  remark(text: string): void {
    this.print(text);
  }

  /** @param body throws if the check fails; later checks still run */
  async check(name: string, body: () => Promise<void>): Promise<void> {
    await this.perform(name, body);
  }

  /**
   * A check that later checks need.
   *
   * @throws Stopped if it fails
   */
  async step<Value>(name: string, body: () => Promise<Value>): Promise<Value> {
    const outcome = await this.perform(name, body);
    if (outcome === undefined) throw new Stopped(name);
    return outcome.value;
  }

  /** @param reason why this check is skipped */
  skip(name: string, reason: string): void {
    this.skipped += 1;
    this.print(`${mark('yellow', 'skip')}  ${name}: ${reason}`);
  }

  /** `N passed, N failed, N skipped`, which are added up over all suites. */
  get total(): string {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }

  get good(): boolean {
    return this.failed === 0 && this.passed > 0;
  }

  private async perform<Value>(
    name: string,
    body: () => Promise<Value>,
  ): Promise<{ readonly value: Value } | undefined> {
    const begun = performance.now();
    const seconds = (): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
    try {
      const value = await body();
      this.passed += 1;
      this.print(`${mark('green', 'ok')}    ${name} (${seconds()})`);
      return { value };
    } catch (error) {
      this.failed += 1;
      const reason = error instanceof Error ? (error.stack ?? error.message) : 'not an error object';
      this.print(`${mark('red', 'FAIL')}  ${name} (${seconds()})\n${reason.replaceAll(/^/gm, '      ')}`);
      return undefined;
    }
  }
}
