/** The policies of an engine in the directory table: one item in the partition of the engine. */
import type { EnginePolicyStore } from '../../domain/gateway/manage/policy-engine';
import { EnginePoliciesSchema } from '../../model/records/policy-engine';
import { enginePoliciesKey } from '../../model/table-keys';
import { readRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

export const createEnginePolicyStore = (directory: Table): EnginePolicyStore => ({
  async get({ name, id }) {
    const found = await readRecord(directory, enginePoliciesKey(name), EnginePoliciesSchema);
    return found?.engineId === id ? found : { engineId: id, revision: 0, policies: [] };
  },
  replace({ name, id }, policies) {
    const { revision } = policies;
    // An interrupted deletion of an earlier engine can have left policies under the name.
    const first = { condition: `${ABSENT.condition} OR engineId <> :id`, values: { ':id': id } };
    const later = {
      condition: 'engineId = :id AND revision = :before',
      values: { ':id': id, ':before': revision - 1 },
    };
    return directory.put(enginePoliciesKey(name), versioned(policies), revision === 1 ? first : later);
  },
  async remove({ name, id }) {
    await directory.remove(enginePoliciesKey(name), { condition: 'engineId = :id', values: { ':id': id } });
  },
});
