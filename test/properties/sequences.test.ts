/** Random sequences of operations: the service and a model of the vault never disagree about who gets which credential. */
import fc from 'fast-check';
import { cleanUp, prepare, sequences } from './vault-commands';
import { VaultModel } from './vault-model';
import { VaultUnderTest } from './vault-under-test';
import { casesOf, REACHES_ALL, report, TIMEOUT_MS } from './runs';

/** What must occur among the responses, or the sequences would compare too little. */
const OUTCOMES = ['token', 'API key', 'consent', 'error'];

let vaults: Awaited<ReturnType<typeof VaultUnderTest.connected>>;
beforeAll(async () => {
  vaults = await VaultUnderTest.connected();
});
afterAll(() => vaults.close());

it(
  'no sequence gives a credential to anyone else, or loses one',
  async () => {
    let [runs, steps] = [0, 0];
    const returned = new Map<string, number>();
    const run = async (commands: Iterable<fc.AsyncCommand<VaultModel, VaultUnderTest>>): Promise<void> => {
      const [model, real] = [new VaultModel(), vaults.start()];
      await prepare(model, real);
      try {
        await fc.asyncModelRun(() => ({ model, real }), commands);
      } finally {
        await cleanUp(model, real);
      }
      runs += 1;
      steps += model.steps;
      for (const [what, times] of model.returned) returned.set(what, (returned.get(what) ?? 0) + times);
    };
    await fc.assert(fc.asyncProperty(sequences, run), casesOf(0.004));
    const counted = [...returned].map(([what, times]) => `${times} × ${what}`).join(', ');
    report(`${runs} sequences of ${steps} steps, with ${counted}`);
    const missing = OUTCOMES.filter((what) => !returned.has(what));
    if (REACHES_ALL) expect(missing).toEqual([]);
  },
  TIMEOUT_MS,
);
