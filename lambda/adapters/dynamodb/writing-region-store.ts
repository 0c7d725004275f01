/** The writing Region's record in the directory table, which operators write (docs/runbook.md). */
import * as v from 'valibot';
import type { WritingRegionStore } from '../../domain/writing-region';
import { WRITING_REGION_KEY } from '../../contract/table-keys';
import { parseRecord } from './record';
import type { Table } from './table';

const WritingRegionRecord = v.object({ region: v.string(), since: v.number() });

export const createWritingRegionStore = (directory: Pick<Table, 'get'>): WritingRegionStore => ({
  get: async () => parseRecord(WritingRegionRecord, await directory.get(WRITING_REGION_KEY)),
});
