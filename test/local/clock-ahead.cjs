/** A preload that sets the clock of a process ahead by CLOCK_AHEAD seconds, so that a test does not wait for a lease. */
'use strict';

const { now } = Date;
const ahead = Number(process.env.CLOCK_AHEAD) * 1000;
const SystemDate = Date;

globalThis.Date = class extends SystemDate {
  constructor(...values) {
    super(...(values.length === 0 ? [now() + ahead] : values));
  }

  static now() {
    return now() + ahead;
  }
};
