/** The conformance suite against one MCP server, directly, through the gate, and through a gateway. */
import assert from 'node:assert/strict';
import type { Checks } from '../deployed/checks';
import { openEndpoint } from '../flows/gate/endpoints';
import { openGateway } from '../flows/gateway/gateways';
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
  readonly gateway: Verdicts;
}

/** One row for each scenario of each revision, and the scored ones first. */
function rowsOf({ revision, scored, direct, gate, gateway }: Run): string[][] {
  const others = [...direct.keys()].filter((name) => !scored.includes(name)).sort();
  return [...scored, ...others].map((name) => [
    revision,
    name,
    scored.includes(name) ? 'yes' : 'no',
    (direct.get(name) ?? NONE).name,
    (gate.get(name) ?? NONE).name,
    (gateway.get(name) ?? NONE).name,
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
  const gateway = await openGateway(world, 'CUSTOM_JWT');
  const gatewayProxy = await startProxy(await world.issuer.token('ana'));
  gatewayProxy.forwardTo(await gateway.target('server', server, { protocolType: 'MCP' }));
  try {
    const runs: Run[] = [];
    for (const revision of REVISIONS) {
      const scored = await scoredScenarios(suite, revision);
      const newVerdicts = () => new Map<string, Verdict>();
      const verdicts = { direct: newVerdicts(), gate: newVerdicts(), gateway: newVerdicts() };
      const run = { revision, scored, ...verdicts };
      runs.push(run);
      const check = (how: string, url: string, verdicts: Map<string, Verdict>): Promise<void> =>
        checks.check(`${revision}: all ${scored.length} scored scenarios pass ${how}`, async () => {
          for (const [name, verdict] of await runSuite(suite, revision, url)) verdicts.set(name, verdict);
          assertAllPass(scored, verdicts);
        });
      await check('directly', server, run.direct);
      await check('through the gate', proxy.url, run.gate);
      await check('through a gateway', gatewayProxy.url, run.gateway);
    }
    const head = ['revision', 'scenario', 'scored', 'direct', 'gate', 'gateway'];
    checks.remark(`\n${tableOf(head, runs.flatMap(rowsOf))}`);
  } finally {
    await Promise.all([proxy.close(), gatewayProxy.close()]);
    await endpoint.close();
  }
}
