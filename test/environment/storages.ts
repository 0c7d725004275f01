/**
 * Ends with a test file what the file's `AsyncLocalStorage`s hold. Before Node.js 24, every storage in use costs time at
 * every promise of the process.
 *
 * What a storage holds would also keep the file's modules in memory: Node.js has timers that live as long as the process,
 * and a timer that starts in a test holds what the storages hold there. So storages hold it by way of a `Held`, which the
 * end of the file empties.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

type Storage = AsyncLocalStorage<unknown>;

class Held {
  constructor(public value: unknown) {}
}

const inUse = new Set<Storage>();
/** Weak, so that it ends with the requests and tests for which it was held. */
let held: WeakRef<Held>[] = [];

function hold(value: unknown): Held {
  // From Node.js 24 on, `run` calls `enterWith`.
  if (value instanceof Held) return value;
  const created = new Held(value);
  held.push(new WeakRef(created));
  return created;
}

/** Notes each storage on which the method is called, and what it is to hold. */
function watch(method: 'run' | 'enterWith'): void {
  const original = Reflect.get(AsyncLocalStorage.prototype, method) as (...given: unknown[]) => unknown;
  Reflect.set(
    AsyncLocalStorage.prototype,
    method,
    function (this: Storage, value: unknown, ...given: unknown[]) {
      inUse.add(this);
      return Reflect.apply(original, this, [hold(value), ...given]);
    },
  );
}
watch('run');
watch('enterWith');

const getStore = Reflect.get(AsyncLocalStorage.prototype, 'getStore') as () => unknown;
Reflect.set(AsyncLocalStorage.prototype, 'getStore', function (this: Storage) {
  const store = Reflect.apply(getStore, this, []);
  return store instanceof Held ? store.value : store;
});

export function emptyStorages(): void {
  for (const storage of inUse) storage.disable();
  inUse.clear();
  for (const each of held) {
    const still = each.deref();
    if (still) still.value = undefined;
  }
  held = [];
}
