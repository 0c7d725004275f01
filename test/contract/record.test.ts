/** Records over upgrades: records of earlier versions can be read, and records of later versions are rejected. */
import * as v from 'valibot';
import { parseRecord, versioned, type Upgrade } from '../../lambda/adapters/dynamodb/record';

// An invented kind of record: a lantern has a color in version 1, several colors in version 2, and numbered colors in
// version 3.
const Version1 = v.object({ name: v.string(), color: v.string() });
const Version2 = v.object({ name: v.string(), colors: v.array(v.string()) });
const Version3 = v.object({ name: v.string(), colors: v.record(v.string(), v.string()) });

const toVersion2: Upgrade = ({ color, ...lantern }) => ({ ...lantern, colors: [color] });
const toVersion3: Upgrade = ({ colors, ...lantern }) => ({
  ...lantern,
  colors: { ...(colors as string[]) },
});

const first = versioned({ name: 'a', color: 'red' });
const second = versioned({ name: 'a', colors: ['red'] }, [toVersion2]);

it('a record contains the version of its form', () => {
  expect(first).toEqual({ name: 'a', color: 'red', recordVersion: 1 });
  expect(second).toEqual({ name: 'a', colors: ['red'], recordVersion: 2 });
});

it('a record of the current version is read as it was written', () => {
  expect(parseRecord(Version1, first)).toEqual({ name: 'a', color: 'red' });
  expect(parseRecord(Version2, second, [toVersion2])).toEqual({ name: 'a', colors: ['red'] });
  expect(parseRecord(Version1, undefined)).toBeUndefined();
});

it('a record of the previous version is upgraded', () => {
  expect(parseRecord(Version2, first, [toVersion2])).toEqual({ name: 'a', colors: ['red'] });
});

it('a record of any earlier version is upgraded step by step', () => {
  const now = { name: 'a', colors: { 0: 'red' } };
  expect(parseRecord(Version3, first, [toVersion2, toVersion3])).toEqual(now);
  expect(parseRecord(Version3, second, [toVersion2, toVersion3])).toEqual(now);
});

it('a record of a later version is rejected, even if it is valid in the current version', () => {
  const later = { ...second, recordVersion: 3 };
  expect(() => parseRecord(Version2, later, [toVersion2])).toThrow(
    'a record has version 3, but the newest version that this code knows is 2: deploy the later release again',
  );
  expect(() => parseRecord(Version1, { ...first, recordVersion: 2 })).toThrow('version 2');
});

it.each([undefined, null, 0, -1, 1.5, '1', NaN, true])(
  'a record with version %p is rejected',
  (recordVersion) => {
    expect(() => parseRecord(Version1, { ...first, recordVersion })).toThrow(v.ValiError);
  },
);

it('a record is validated after the upgrade', () => {
  expect(() => parseRecord(Version2, { ...first, color: 7 }, [toVersion2])).toThrow(v.ValiError);
});
