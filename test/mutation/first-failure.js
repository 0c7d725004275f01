/**
 * The test environment of mutation runs. One failed test is enough, so the tests after it are skipped. (The `bail`
 * option of Jest counts files, and all tests are in one file.)
 */
const StrykerEnvironment = require('@stryker-mutator/jest-runner/jest-env/node');

module.exports = class extends StrykerEnvironment {
  constructor(...given) {
    super(...given);
    const handle = this.handleTestEvent;
    let failed = false;
    this.handleTestEvent = async (event, state) => {
      if (event.name === 'test_start' && failed) event.test.mode = 'skip';
      await handle(event, state);
      if (event.name === 'test_done' && event.test.errors.length > 0) failed = true;
    };
  }
};
