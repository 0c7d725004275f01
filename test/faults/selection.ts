/** The cases that every change must pass: a small part of all, chosen by what the calls of all operations are. */
import type { Dependency } from './calls';
import type { Armed, Fault, Kind } from './fault-kinds';

const once = (...kinds: Kind[]): Fault[] => kinds.map((kind) => ({ kind, always: false }));
const always = (...kinds: Kind[]): Fault[] => kinds.map((kind) => ({ kind, always: true }));

/** Faults with the same effect on the caller of a service of AWS. */
const OF_AWS: readonly (readonly Fault[])[] = [
  [
    ...always('throttled', 'unavailable', 'silent', 'dropped'),
    ...once('throttled', 'unavailable', 'silent', 'dropped'),
  ],
  [...once('lost', 'cut', 'twice'), ...always('lost', 'cut')],
  once('HTML', 'not JSON'),
  once('another shape', 'empty', 'too long'),
];

/** A request to a server outside AWS is sent once. */
const OF_SERVERS: readonly (readonly Fault[])[] = [
  once('throttled', 'unavailable', 'silent', 'dropped'),
  once('lost', 'cut', 'twice'),
  once('HTML', 'not JSON', 'empty', 'too long', 'another shape'),
  once('redirected'),
];

const groupsOf = (dependency: Dependency) => (dependency === 'OAuth servers' ? OF_SERVERS : OF_AWS);

/** Returns the element at an index that begins again after the last one. */
const inTurn = <Element>(elements: readonly Element[], index: number): Element =>
  elements[index % elements.length] as Element;

/**
 * Returns the cases of each scenario. Each call of the service, in whichever operation, has a fault of each group; the
 * groups are spread over the operations with this call, and the kinds of a group over the calls.
 *
 * @param cases all cases of each scenario
 */
export function selectionOf(cases: readonly (readonly Armed[])[]): Armed[][] {
  const scenariosByCall = new Map<string, Map<number, Armed['site']>>();
  cases.forEach((armed, scenario) => {
    for (const { site } of armed) {
      const call = `${site.dependency} ${site.label}`;
      const scenarios = scenariosByCall.get(call) ?? new Map<number, Armed['site']>();
      scenariosByCall.set(call, scenarios);
      if (!scenarios.has(scenario)) scenarios.set(scenario, site);
    }
  });
  const selected = cases.map((): Armed[] => []);
  [...scenariosByCall.values()].forEach((scenarios, call) => {
    const places = [...scenarios];
    const [, { dependency }] = inTurn(places, 0);
    const groups = groupsOf(dependency);
    groups.forEach((group, index) => {
      const [scenario, site] = inTurn(places, Math.floor((index * places.length) / groups.length));
      selected[scenario]?.push({ site, fault: inTurn(group, call) });
    });
  });
  return selected;
}
