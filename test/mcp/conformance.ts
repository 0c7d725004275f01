/** The conformance suite against one MCP server, directly and through the gate. */
import assert from 'node:assert/strict';
import type { Checks } from '../deployed/checks';
import { openEndpoint } from '../flows/gate/endpoints';
import type { World } from '../flows/support/world';
import { startProxy } from './proxy';
import { NONE, REVISIONS, runSuite, scoredScenarios, type Revision, type Suite, type Verdict } from './suite';
import { tableOf } from './table';

type Verdicts = ReadonlyMap<string, Verdict>;

interface Run {
  readonly revision: Revision;
  readonly scored: readonly string[];
  readonly direct: Verdicts;
  readonly gate: Verdicts;
}

/** One row for each scenario of each revision, and the scored ones first. */
function rowsOf({ revision, scored, direct, gate }: Run): string[][] {
  const others = [...direct.keys()].filter((name) => !scored.includes(name)).sort();
  return [...scored, ...others].map((name) => [
    revision,
    name,
    scored.includes(name) ? 'yes' : 'no',
    (direct.get(name) ?? NONE).name,
    (gate.get(name) ?? NONE).name,
  ]);
}

/** @throws AssertionError with the messages of the suite for each scored scenario that did not pass */
function assertAllPass(scored: readonly string[], verdicts: Verdicts): void {
  const failures = scored
    .map((name) => ({ name, verdict: verdicts.get(name) ?? NONE }))
    .filter(({ verdict }) => verdict.name !== 'pass')
    .map(({ name, verdict }) => [name, ...verdict.because].join('\n  '));
  assert.equal(failures.length, 0, failures.join('\n'));
}

/** @param server URL of a server that has what the suite's scenarios name */
export async function checkConformance(
  checks: Checks,
  world: World,
  suite: Suite,
  server: string,
): Promise<void> {
  checks.chapter('Conformance suite of the Model Context Protocol');
  const { discoveryUrl, audience } = world.issuer;
  const proxy = await startProxy(await world.issuer.token('ana'));
  const endpoint = await openEndpoint(world, {
    inbound: { kind: 'JWT', discoveryUrl, allowedAudience: [audience] },
    target: { kind: 'url', url: server },
    protocol: 'MCP',
    // As the suite sends it: its scenario of DNS rebinding requires this one, and the rejection of others.
    allowedOrigins: [new URL(proxy.url).origin],
  });
  proxy.forwardTo(endpoint.invocationUrl);
  try {
    const runs: Run[] = [];
    for (const revision of REVISIONS) {
      const scored = await scoredScenarios(suite, revision);
      const run = { revision, scored, direct: new Map<string, Verdict>(), gate: new Map<string, Verdict>() };
      runs.push(run);
      const check = (how: string, url: string, verdicts: Map<string, Verdict>): Promise<void> =>
        checks.check(`${revision}: all ${scored.length} scored scenarios pass ${how}`, async () => {
          for (const [name, verdict] of await runSuite(suite, revision, url)) verdicts.set(name, verdict);
          assertAllPass(scored, verdicts);
        });
      await check('directly', server, run.direct);
      await check('through the gate', proxy.url, run.gate);
    }
    const head = ['revision', 'scenario', 'scored', 'direct', 'gate'];
    checks.remark(`\n${tableOf(head, runs.flatMap(rowsOf))}`);
  } finally {
    await proxy.close();
    await endpoint.close();
  }
}
