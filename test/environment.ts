/**
 * The environment of each test file: Node.js, without what earlier files left in the process. Before Node.js 24, every
 * `AsyncLocalStorage` in use costs time at every promise of the process, and a test file has new ones.
 */
import './compile-once';
import { AsyncLocalStorage } from 'node:async_hooks';
import { TestEnvironment } from 'jest-environment-node';

type Storage = AsyncLocalStorage<unknown>;

const inUse = new Set<Storage>();

/** Notes each storage on which the method is called. */
function watch(method: 'run' | 'enterWith'): void {
  const original = Reflect.get(AsyncLocalStorage.prototype, method) as (...given: unknown[]) => unknown;
  Reflect.set(AsyncLocalStorage.prototype, method, function (this: Storage, ...given: unknown[]) {
    inUse.add(this);
    return Reflect.apply(original, this, given);
  });
}
watch('run');
watch('enterWith');

export default class Environment extends TestEnvironment {
  override async teardown(): Promise<void> {
    for (const storage of inUse) storage.disable();
    inUse.clear();
    await super.teardown();
  }
}
