/**
 * The environment of a test file: the globals of the process itself, so that packages can be shared by all files of a
 * process (see modules.ts). The clock that a test moved and its spies end with the test. What a file leaves behind ends with
 * it: changes of globals and of `process`, and what an `AsyncLocalStorage` holds.
 */
import './modules';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { JestEnvironment, JestEnvironmentConfig } from '@jest/environment';
import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';
import { emptyStorages } from './storages';

type Properties = ReadonlyMap<PropertyKey, PropertyDescriptor>;

const propertiesOf = (object: object): Properties =>
  new Map(
    Reflect.ownKeys(object).map((key) => [key, Reflect.getOwnPropertyDescriptor(object, key)!] as const),
  );

/** Globals by which packages, and Node.js, share a state in the process. Jest's have symbols too. */
const isShared = (key: PropertyKey): boolean =>
  typeof key === 'symbol' ? !/jest|^[A-Z_]+$/.test(key.description ?? '') : key === '__cdkTokenMap';

function restore(object: object, before: Properties): void {
  for (const key of Reflect.ownKeys(object)) {
    if (!before.has(key) && !isShared(key)) Reflect.deleteProperty(object, key);
  }
  for (const [key, was] of before) {
    const is = Reflect.getOwnPropertyDescriptor(object, key);
    if (is?.value !== was.value || is?.get !== was.get) Reflect.defineProperty(object, key, was);
  }
}

const { cache: cachedModules } = createRequire(__filename);

const CDK_REFERENCES = join(__dirname, '../../node_modules/aws-cdk-lib/core/lib/private/cfn-reference.js');

/** Listeners of the process, by event. */
const listeners = () =>
  new Map(process.eventNames().map((event) => [event, process.rawListeners(event as 'exit')]));

/** The tokens of the CDK's own modules, which have plain values: `Aws.REGION`, and functions of such a value. */
const OF_MODULES = new Set(['Intrinsic', 'FnGetAZs', 'FnSelect', 'FnSplit']);

/** Removes the tokens of the CDK that the file's stacks have registered. They hold the constructs, and so the stacks. */
function forgetTokens(): void {
  const map = (
    globalThis as { __cdkTokenMap?: Record<'stringTokenMap' | 'numberTokenMap', Map<unknown, object>> }
  ).__cdkTokenMap;
  for (const tokens of [map?.stringTokenMap, map?.numberTokenMap]) {
    for (const [key, token] of tokens ?? []) if (!OF_MODULES.has(token.constructor.name)) tokens?.delete(key);
  }
  const references = cachedModules[CDK_REFERENCES]?.exports as
    { CfnReference: { referenceTable: Map<object, object> } } | undefined;
  references?.CfnReference.referenceTable.clear();
}

export default class Environment implements JestEnvironment {
  readonly global = globalThis as unknown as JestEnvironment['global'];
  readonly moduleMocker = new ModuleMocker(globalThis);
  /** The legacy ones of Jest, which no test uses. */
  readonly fakeTimers = null;
  readonly fakeTimersModern: ModernFakeTimers;
  private readonly globals = propertiesOf(globalThis);
  private readonly process = propertiesOf(process);
  private readonly environment = { ...process.env };
  private readonly exitCode = process.exitCode;
  private readonly listeners = listeners();

  constructor({ projectConfig }: JestEnvironmentConfig) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    // Jest measures with these, also while a test has moved the clock.
    Reflect.set(globalThis, Symbol.for('jest-native-now'), Date.now);
    Reflect.set(globalThis, Symbol.for('jest-native-promise'), Promise);
  }

  setup(): Promise<void> {
    return Promise.resolve();
  }

  handleTestEvent({ name }: { readonly name: string }): void {
    if (name !== 'test_done') return;
    this.fakeTimersModern.useRealTimers();
    this.moduleMocker.restoreAllMocks();
  }

  teardown(): Promise<void> {
    this.moduleMocker.restoreAllMocks();
    this.fakeTimersModern.dispose();
    restore(globalThis, this.globals);
    restore(process, this.process);
    for (const name of Object.keys(process.env)) if (!(name in this.environment)) delete process.env[name];
    Object.assign(process.env, this.environment);
    process.exitCode = this.exitCode;
    for (const [event, now] of listeners()) {
      for (const listener of now) {
        if (!this.listeners.get(event)?.includes(listener)) process.off(event, listener as () => void);
      }
    }
    emptyStorages();
    forgetTokens();
    return Promise.resolve();
  }

  getVmContext() {
    return globalThis;
  }

  exportConditions(): string[] {
    return ['node', 'node-addons'];
  }
}
