/** The storm's verdict finds every fault, so a storm without faults has a meaning. */
import type { Grant } from '../../lambda/model/records/grant';
import type { Outcome } from './perform';
import { SCENARIOS, type Scenario } from './scenarios';
import { faultsOf } from './verdict';

function scenario(name: string): Scenario {
  const found = SCENARIOS.find((each) => each.name === name);
  if (!found) throw new Error(`no scenario "${name}"`);
  return found;
}

const ended: Grant = {
  workloadId: 'workload',
  userHash: 'subject',
  target: 'target',
  workloadName: 'agent',
  resources: [],
  audiences: [],
  providerId: 'provider',
  generation: 2,
  epoch: 0,
};
const renewed: Grant = {
  ...ended,
  tokens: {
    sealed: 'sealed',
    scopes: [],
    requestedScopes: [],
    obtainedAt: 0,
    refreshable: true,
    client: 'client',
  },
};
const expired: Grant = { ...renewed, generation: 1 };

const survived: Outcome = {
  scenario: scenario('all healthy'),
  callers: 3,
  tokens: 3,
  distinct: new Set(['newest']),
  consents: 0,
  errors: new Map(),
  retries: 0,
  waits: [1, 2, 3],
  redemptions: 1,
  refusals: 0,
  newest: 'newest',
  killed: 0,
  before: expired,
  after: renewed,
  alive: true,
};

const lost: Outcome = {
  ...survived,
  scenario: scenario('killed before the write'),
  tokens: 0,
  distinct: new Set(),
  consents: 3,
  refusals: 1,
  killed: 1,
  after: ended,
  alive: false,
};

it.each([
  ['a token that survived', survived],
  ['a first token', { ...survived, before: undefined, after: expired }],
  ['a token family that had to be revoked', lost],
])('finds no fault in an outcome with %s', (_name, outcome) => {
  expect(faultsOf(outcome)).toEqual([]);
});

const lease = { holder: 'holder', deadline: 0 };
const refusal = new Map([['ThrottlingException: Try again shortly.', 1]]);

it.each<[string, Outcome, RegExp]>([
  ['no redemption', { ...survived, redemptions: 0 }, /0 redemptions/],
  ['two redemptions', { ...survived, redemptions: 2 }, /2 redemptions/],
  ['a repeated refresh token', { ...survived, refusals: 1 }, /1 refusals instead of 0/],
  ['an error', { ...survived, tokens: 2, errors: refusal }, /errors reached callers/],
  ['a caller without a token', { ...survived, tokens: 2, consents: 1 }, /2 of 3 callers have a token/],
  ['an older token', { ...survived, distinct: new Set(['newest', 'older']) }, /not the newest/],
  ['a token family that was revoked', { ...survived, alive: false }, /the family is dead/],
  ['a token family that should have been revoked', { ...lost, alive: true }, /the family is alive/],
  [
    'one generation too many',
    { ...survived, after: { ...renewed, generation: 3 } },
    /generation 3 instead of 2/,
  ],
  ['no grant', { ...survived, after: undefined }, /generation none/],
  ['a lease left behind', { ...survived, after: { ...renewed, lease } }, /a lease is left/],
  ['tokens of a revoked family', { ...lost, after: renewed }, /tokens are kept/],
  ['a killer that killed no worker', { ...lost, killed: 0 }, /0 workers were killed/],
])('finds the fault in an outcome with %s', (_name, outcome, fault) => {
  expect(faultsOf(outcome).join('\n')).toMatch(fault);
});
