/** Records and their versions: a record of a later version is rejected. */
import * as v from 'valibot';
import { parseRecord, versioned } from '../../lambda/adapters/dynamodb/record';

const Lantern = v.strictObject({ name: v.string(), color: v.string() });

const record = versioned({ name: 'a', color: 'red' });

it('a record contains the version of its form', () => {
  expect(record).toEqual({ name: 'a', color: 'red', recordVersion: 1 });
});

it('a record is read as it was written, without the attributes of its item', () => {
  expect(parseRecord(Lantern, { ...record, pk: 'pk', sk: 'sk', writeId: 'id' })).toEqual({
    name: 'a',
    color: 'red',
  });
  expect(parseRecord(Lantern, undefined)).toBeUndefined();
});

it('a record of a later version is rejected, even if it is valid in the current version', () => {
  expect(() => parseRecord(Lantern, { ...record, recordVersion: 2 })).toThrow(
    'a record has version 2, but the newest version that this code knows is 1: deploy the later release again',
  );
});

it.each([undefined, null, 0, -1, 1.5, '1', NaN, true])(
  'a record with version %p is rejected',
  (recordVersion) => {
    expect(() => parseRecord(Lantern, { ...record, recordVersion })).toThrow(v.ValiError);
  },
);

it('a record is validated', () => {
  expect(() => parseRecord(Lantern, { ...record, color: 7 })).toThrow(v.ValiError);
});
