/** Targets of gateways in the directory table: one item each, in the partition of their gateway. */
import type { GatewayTargetStore } from '../../domain/gateway/manage/gateway';
import { GatewayTargetSchema, type GatewayTarget, type TargetCandidate } from '../../model/records/gateway';
import {
  CANDIDATE_PREFIX,
  gatewayKey,
  gatewayTargetKey,
  TARGET_PREFIX,
  targetCandidateKey,
  type Key,
} from '../../model/table-keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

/** Targets whose tools are being fetched. */
export interface TargetCandidates {
  put(gatewayName: string, candidateId: string, candidate: TargetCandidate): Promise<void>;
  remove(gatewayName: string, candidateId: string): Promise<void>;
}

export const createTargetCandidates = (directory: Table): TargetCandidates => ({
  async put(gatewayName, candidateId, candidate) {
    await directory.put(targetCandidateKey(gatewayName, candidateId), versioned(candidate));
  },
  async remove(gatewayName, candidateId) {
    await directory.remove(targetCandidateKey(gatewayName, candidateId));
  },
});

/** The same target, unchanged since it was read. */
const unchanged = ({ id }: GatewayTarget, revision: number) => ({
  condition: 'id = :id AND revision = :revision',
  values: { ':id': id, ':revision': revision },
});

export function createGatewayTargetStore(directory: Table): GatewayTargetStore {
  async function items(gatewayName: string, prefix = TARGET_PREFIX): Promise<unknown[]> {
    const found: unknown[] = [];
    let after: Key | undefined;
    do {
      const page = await directory.queryPage(gatewayKey(gatewayName).pk, { prefix, after });
      found.push(...page.items);
      after = page.last;
    } while (after);
    return found;
  }
  return {
    async list({ name, id }) {
      const targets = (await items(name)).flatMap((item) => parseRecord(GatewayTargetSchema, item) ?? []);
      return targets.filter(({ gatewayId }) => gatewayId === id);
    },
    // An interrupted deletion of an earlier gateway can have left a target under the name.
    create: (gateway, target) =>
      directory.put(gatewayTargetKey(gateway.name, target.name), versioned(target), {
        condition: `${ABSENT.condition} OR gatewayId <> :gatewayId`,
        values: { ':gatewayId': gateway.id },
      }),
    replace: (gateway, target) =>
      directory.put(
        gatewayTargetKey(gateway.name, target.name),
        versioned(target),
        unchanged(target, target.revision - 1),
      ),
    remove: (gateway, target) =>
      directory.remove(gatewayTargetKey(gateway.name, target.name), unchanged(target, target.revision)),
    async removeAll({ name }) {
      // An interrupted fetch of tools can have left a candidate.
      for (const item of [...(await items(name)), ...(await items(name, CANDIDATE_PREFIX))]) {
        const { pk, sk } = item as Key;
        await directory.remove({ pk, sk });
      }
    },
  };
}
