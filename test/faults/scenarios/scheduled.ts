/** The functions that a schedule or an operator invokes. */
import { createRevocationStore } from '../../../lambda/adapters/dynamodb/revocation-store';
import { deferRevocation } from '../../../lambda/domain/revocation/begin';
import { localTableName } from '../../../lib/local/dynamodb';
import { itemsIn } from '../outbox';
import { scenario, type Scenario } from '../scenario';
import type { Stage } from '../stage';
import {
  askFor,
  cool,
  enterSigningPeriod,
  expectUsable,
  isActive,
  M2M,
  newAgent,
  newIdentity,
  tokenOf,
} from './agents';

const part = 'scheduled';

const HALF_A_DAY = 12 * 3600;

const rotation = (variant: string, event: object, pass: () => void): Scenario =>
  scenario({
    operation: 'key-rotation',
    variant,
    part,
    share: newIdentity,
    prepare(stage, workloadName) {
      pass();
      return Promise.resolve({
        act: () => stage.invocation('key-rotation', event),
        repeatable: true,
        async verify() {
          await tokenOf(stage, workloadName);
        },
      });
    },
  });

/** Stores a revocation of the agent's grants, which the schedule begins. */
async function defer(stage: Stage, workloadName: string): Promise<void> {
  const revocations = createRevocationStore(stage.role('Revocations'));
  const items = await workloadIdOf(stage, workloadName);
  await deferRevocation(
    { revocations, system: { now: () => Date.now() } as never },
    { revocationId: crypto.randomUUID(), cause: 'operator', filter: { workloadId: items } },
  );
  // The outbox is emptied after the case, and after a failed preparation.
  stage.faults.writtenTables.add(localTableName('Revocations'));
}

async function workloadIdOf(stage: Stage, name: string): Promise<string> {
  const found = (await stage.role('Directory').get({ pk: `WORKLOAD-IDENTITY#${name}`, sk: 'RECORD' })) as {
    readonly id: string;
  };
  return found.id;
}

export const SCHEDULED: readonly Scenario[] = [
  rotation('the keys of the next days', { prepare: 'signing-keys' }, () => {
    enterSigningPeriod(HALF_A_DAY);
  }),
  rotation('the signing key', { rotate: 'signing-key' }, enterSigningPeriod),
  scenario({
    operation: 'key-rotation',
    variant: 'the vault keys of an agent',
    part,
    async share(stage) {
      const agent = await newAgent(stage);
      await askFor(stage, agent, await tokenOf(stage, agent.name), M2M);
      return agent;
    },
    async prepare(stage, agent) {
      cool();
      // A renewal that is due seals with its own key, which would count as one of the rotation.
      await expectUsable(stage, agent, M2M);
      const event = { rotate: 'vault-keys', workloadIdentity: agent.name };
      return {
        act: () => stage.invocation('key-rotation', event),
        repeatable: true,
        verify: () => expectUsable(stage, agent, M2M),
      };
    },
  }),
  scenario({
    operation: 'revocation',
    variant: 'a deferred revocation',
    part,
    share: newAgent,
    async prepare(stage, agent) {
      cool();
      const { accessToken = '' } = await askFor(stage, agent, await tokenOf(stage, agent.name), M2M);
      cool();
      // Tokens that cannot be read for minutes after this are given up.
      await defer(stage, agent.name);
      return {
        act: () => stage.invocation('revocation', { sweep: true }),
        async verify() {
          const [item, ...others] = await itemsIn(stage, stage.faults.touched);
          if (!item || others.length > 0) throw new Error(`${others.length} other items in the outbox`);
          if (item.state === 'CONFIRMED' && (await isActive(stage, accessToken))) {
            throw new Error('the provider still accepts an access token whose revocation is confirmed');
          }
        },
      };
    },
  }),
];
