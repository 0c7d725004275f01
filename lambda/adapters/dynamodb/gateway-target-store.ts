/** Targets of gateways in the directory table: one item each, in the partition of their gateway. */
import type { GatewayTargetStore } from '../../domain/gateway/manage/gateway';
import { GatewayTargetSchema, type GatewayTarget } from '../../model/records/gateway';
import { gatewayKey, gatewayTargetKey, TARGET_PREFIX, type Key } from '../../model/table-keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

/** The same target, unchanged since it was read. */
const unchanged = ({ id }: GatewayTarget, revision: number) => ({
  condition: 'id = :id AND revision = :revision',
  values: { ':id': id, ':revision': revision },
});

export function createGatewayTargetStore(directory: Table): GatewayTargetStore {
  async function items(gatewayName: string): Promise<unknown[]> {
    const found: unknown[] = [];
    let after: Key | undefined;
    do {
      const page = await directory.queryPage(gatewayKey(gatewayName).pk, { prefix: TARGET_PREFIX, after });
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
      for (const item of await items(name)) {
        const { pk, sk } = item as Key;
        await directory.remove({ pk, sk });
      }
    },
  };
}
