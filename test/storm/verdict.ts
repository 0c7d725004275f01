/** The faults of an outcome. */
import type { Outcome } from './perform';

/** @returns a description of each fault; empty if all checks passed */
export function faultsOf(outcome: Outcome): string[] {
  const { scenario, callers, before, after } = outcome;
  const survives = scenario.ends === 'token';
  // One rejected attempt with the old refresh token.
  const refusals = survives ? 0 : 1;
  const generation = (before?.generation ?? 0) + 1;
  const checks: readonly (readonly [holds: boolean, fault: string])[] = [
    [outcome.redemptions === 1, `${outcome.redemptions} redemptions instead of one`],
    [outcome.refusals === refusals, `${outcome.refusals} refusals instead of ${refusals}`],
    [outcome.errors.size === 0, 'errors reached callers'],
    [outcome.tokens === (survives ? callers : 0), `${outcome.tokens} of ${callers} callers have a token`],
    [
      outcome.consents === (survives ? 0 : callers),
      `${outcome.consents} of ${callers} callers are asked to consent`,
    ],
    [[...outcome.distinct].every((token) => token === outcome.newest), 'a returned token is not the newest'],
    [outcome.killed === (scenario.killedWhen ? 1 : 0), `${outcome.killed} workers were killed`],
    [outcome.alive === survives, `the family is ${outcome.alive ? 'alive' : 'dead'}`],
    [after?.generation === generation, `generation ${after?.generation ?? 'none'} instead of ${generation}`],
    [after?.lease === undefined, 'a lease is left'],
    [(after?.tokens !== undefined) === survives, `tokens are ${after?.tokens ? 'kept' : 'lost'}`],
  ];
  return checks.flatMap(([holds, fault]) => (holds ? [] : [fault]));
}
