/** Prints each consumer as it passes or fails, and counts. */
const SECOND = 1000;

export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Runs one check, which fails if the work throws. Returns the result of the work. */
  async check(name, work) {
    const begun = Date.now();
    try {
      const result = await work();
      this.passed += 1;
      process.stdout.write(`ok      ${name} (${Math.round((Date.now() - begun) / SECOND)} s)\n`);
      return result;
    } catch (error) {
      this.failed += 1;
      process.stdout.write(`FAILED  ${name}\n${String(error.message).trim().replace(/^/gm, '        ')}\n`);
      return undefined;
    }
  }

  /** Counts a check that this machine cannot run. */
  skip(name, reason) {
    this.skipped += 1;
    process.stdout.write(`skipped ${name}: ${reason}\n`);
  }

  /** The last line of the run, whose counts .ci/run adds up. */
  get line() {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}
