/** The OpenID conformance suite, by its REST API (`/api-document.html` of the suite). */
import { setTimeout as pause } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';
import { requestJson } from './http.mjs';

const BETWEEN_LOOKS_MILLISECONDS = 1_000;

/** The suite's limit for one wait. */
const WAIT_MILLISECONDS = 30_000;

/** States in which a test changes no more. */
const ENDED = ['FINISHED', 'INTERRUPTED'];

export class Suite {
  /**
   * @param url base address
   * @param token API token; a suite in development mode needs none
   */
  constructor(url, token) {
    this.url = url.replace(/\/$/, '');
    this.token = token;
  }

  /** @throws Error for any response but a success */
  request(method, path, query = {}, body = undefined) {
    const address = `${this.url}/api/${path}?${new URLSearchParams(query)}`;
    return requestJson(method, address, this.token, body);
  }

  /** @returns the version of the suite */
  async version() {
    return (await this.request('GET', 'server')).version;
  }

  /** @returns the ID of the new plan, and the names of its tests */
  async createPlan(planName, variant, configuration) {
    const query = { planName, variant: JSON.stringify(variant) };
    const { id, modules } = await this.request('POST', 'plan', query, configuration);
    return { id, tests: modules.map(({ testModule }) => testModule) };
  }

  /** Starts a test of a plan. */
  async start(plan, test) {
    const { id } = await this.request('POST', 'runner', { test, plan });
    const run = new Run(this, id);
    await run.reaches(['WAITING'], 60_000);
    return run;
  }
}

/** A test that was started. */
class Run {
  constructor(suite, id) {
    this.suite = suite;
    this.id = id;
  }

  /** The address of the log for people. */
  get page() {
    return `${this.suite.url}/log-detail.html?log=${this.id}`;
  }

  /** @throws Error with what the suite logged last, if the test reaches none of the states in time */
  async reaches(states, milliseconds) {
    const until = Date.now() + milliseconds;
    while (Date.now() < until) {
      const query = { states: [...states, ...ENDED].join(','), timeoutMs: WAIT_MILLISECONDS };
      const { state } = await this.suite.request('GET', `runner/${this.id}/wait-state`, query);
      if (states.includes(state)) return;
      if (ENDED.includes(state)) break;
    }
    throw new Error(`The test did not become ${states.join(' or ')}. ${await this.lastLines()}`);
  }

  log() {
    return this.suite.request('GET', `log/${this.id}`);
  }

  async lastLines() {
    const lines = (await this.log()).slice(-5).map(({ src, msg }) => `${src}: ${msg}`);
    return `The suite logged last:\n${lines.join('\n')}`;
  }

  /** Waits until the suite logs this. */
  async logs(expected, milliseconds) {
    const until = Date.now() + milliseconds;
    while (Date.now() < until) {
      if ((await this.log()).some(({ msg }) => expected.test(msg))) return;
      await pause(BETWEEN_LOOKS_MILLISECONDS);
    }
    throw new Error(`The suite did not log ${expected}. ${await this.lastLines()}`);
  }

  /** `PASSED`, `WARNING`, `REVIEW`, or `FAILED`, and the failures and warnings that led to it. */
  async verdict() {
    const { result } = await this.suite.request('GET', `info/${this.id}`);
    const bad = (await this.log()).filter((entry) => ['FAILURE', 'WARNING'].includes(entry.result));
    return { result, because: bad.map(({ src, msg }) => `${src}: ${msg}`) };
  }

  /** Ends the test, whatever its state. */
  async cancel() {
    await this.suite.request('DELETE', `runner/${this.id}`).catch(() => undefined);
  }
}
