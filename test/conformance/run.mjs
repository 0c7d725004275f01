/**
 * `npm run test:conformance`: the receiver tests of the OpenID conformance suite (SSF 1.0, and the CAEP interoperability
 * profile), by push and by poll. The last line counts the tests.
 *
 * Needs a running suite on this machine, which CONFORMANCE_SUITE names; without it, one skipped test is counted.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import '../program/quiet.ts';
import { Checks } from '../deployed/checks.ts';
import { startIssuer } from '../flows/support/issuer.ts';
import { CAEP, EVENT_TYPES } from '../flows/support/transmitter.ts';
import { Administrator } from './administrator.mjs';
import { AUDIENCE, Receiver, STATE } from './receiver.mjs';
import { Suite } from './suite.mjs';

/** Begins the names of plans and tests. */
const PREFIX = 'openid-ssf-receiver-';

const CAEP_INTEROP_EVENTS = ['session-revoked', 'credential-change', 'device-compliance-change'].map(
  (name) => CAEP + name,
);

/** Milliseconds for all events of a test. The suite pushes one each second. */
const DELIVERED_WITHIN = 90_000;
const FINISHED_WITHIN = 30_000;

const VERIFIED = /^Detected Stream Verification via (PUSH|POLL) delivery/;
const ALL_ACKNOWLEDGED = /^Detected expected delivery & ack notifications/;

/**
 * What the administrator does in each test after the stream is created, and what the suite then logs. The suite itself
 * ends `stream-caep-interop`; the other tests end with the deletion of the stream.
 */
const TESTS = {
  'stream-verification': { verifies: true, logged: VERIFIED },
  'unsolicited-stream-verification': { verifies: false, logged: VERIFIED },
  'stream-supported-events': { verifies: true, logged: ALL_ACKNOWLEDGED, events: true },
  'stream-caep-interop': { verifies: true, logged: undefined, events: true },
};

/** Tests of stream management, which send nothing to the receiver. */
const STREAM_MANAGEMENT = ['happypath', 'stream-create-delete', 'stream-status-update'];

const PLANS = [
  { name: `${PREFIX}test-plan`, profile: { ssf_profile: 'default' }, events: EVENT_TYPES },
  { name: `${PREFIX}caep-test-plan`, profile: {}, events: CAEP_INTEROP_EVENTS },
];

const DELIVERIES = { push: Receiver.pushed, poll: Receiver.polling };

/** A plan of the suite with one way of delivery, one test after the other. */
class PlanRun {
  constructor(suite, users, { name, profile, events }, delivery) {
    this.suite = suite;
    this.users = users;
    this.delivery = delivery;
    this.events = events;
    this.name = name;
    this.variant = {
      ...profile,
      ssf_delivery_mode: delivery,
      ssf_auth_mode: 'static',
      // Has no effect with a static token, but the suite requires a value.
      client_auth_type: 'client_secret_basic',
    };
    // The suite ends a test when another one has the same alias, which is part of the transmitter's address.
    this.alias = `agent-identity-${randomUUID()}`;
    this.token = randomBytes(32).toString('hex');
  }

  /** @returns the names of the plan's tests, without the prefix */
  async create() {
    const { users, alias, token } = this;
    const { id, tests } = await this.suite.createPlan(this.name, this.variant, {
      alias,
      description: `agent-identity, ${this.delivery}`,
      ssf: {
        stream: { audience: AUDIENCE },
        subjects: {
          valid: { format: 'iss_sub', iss: users.issuer, sub: 'ana' },
          invalid: { format: 'opaque', id: 'unknown' },
        },
        transmitter: { access_token: token },
      },
    });
    this.id = id;
    return tests.map((test) => test.slice(PREFIX.length));
  }

  /** @throws AssertionError if the suite does not pass the test, or the service refuses an event */
  async test(name) {
    const run = await this.suite.start(this.id, PREFIX + name);
    try {
      const administrator = await Administrator.of(`${this.suite.url}/test/a/${this.alias}`, this.token);
      const { receiver, stream } = await DELIVERIES[this.delivery](this.users, administrator, this.events);
      try {
        await this.manage(run, administrator, stream, TESTS[name]);
        assert.deepEqual(await run.verdict(), { result: 'PASSED', because: [] }, run.page);
        await this.checkAudit(receiver, stream, TESTS[name]);
      } finally {
        await receiver.stop();
      }
    } finally {
      await run.cancel();
    }
  }

  async manage(run, administrator, stream, { verifies, logged }) {
    assert.equal((await administrator.read(stream)).stream_id, stream.stream_id);
    assert.equal((await administrator.status(stream)).status, 'enabled');
    if (verifies) await administrator.verify(stream, STATE);
    if (logged === undefined) {
      await run.reaches(['FINISHED'], DELIVERED_WITHIN);
      return;
    }
    await run.logs(logged, DELIVERED_WITHIN);
    await administrator.delete(stream);
    await run.reaches(['FINISHED'], FINISHED_WITHIN);
  }

  /** The suite's verdict alone would not show that each event was delivered. */
  async checkAudit(receiver, stream, { events = false }) {
    const entries = await receiver.audit();
    const bad = entries.filter(({ outcome }) => outcome !== 'allowed');
    assert.deepEqual(bad, []);
    const names = stream.events_delivered.map((type) => type.split('/').at(-1));
    const expected = ['verification', ...(events ? names : [])];
    assert.deepEqual(entries.flatMap(({ securityEvents }) => securityEvents).sort(), expected.sort());
  }
}

async function runPlan(checks, run) {
  for (const name of await run.create()) {
    if (STREAM_MANAGEMENT.includes(name))
      checks.skip(name, 'an administrator manages the stream of the service');
    else if (name in TESTS) await checks.check(name, () => run.test(name));
    else checks.skip(name, `test/conformance/run.mjs does not have this test`);
  }
}

const print = (line) => process.stdout.write(`${line}\n`);

async function main() {
  const checks = new Checks(print);
  const { CONFORMANCE_SUITE: url, CONFORMANCE_TOKEN: token } = process.env;
  if (!url) {
    checks.skip('OpenID conformance suite', 'CONFORMANCE_SUITE is not set; see CONTRIBUTING.md');
    print(`\n${checks.total}`);
    return 0;
  }
  const suite = new Suite(url, token);
  const users = await startIssuer();
  try {
    checks.remark(`OpenID conformance suite ${await suite.version()}`);
    for (const plan of PLANS) {
      for (const delivery of Object.keys(DELIVERIES)) {
        checks.chapter(`${plan.name}, ${delivery}`);
        await runPlan(checks, new PlanRun(suite, users, plan, delivery));
      }
    }
  } finally {
    await users.close();
  }
  print(`\n${checks.total}`);
  return checks.good ? 0 : 1;
}

process.exitCode = await main();
