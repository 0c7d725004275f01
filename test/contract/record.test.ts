/** Records over upgrades: what the deployment before wrote is read, what a later one wrote is refused. */
import * as v from 'valibot';
import { parseRecord, versioned, type Upgrade } from '../../lambda/adapters/dynamodb/record';

// A kind that is made up: in version 1 a lantern had a color, since 2 it has several, since 3 they are numbered.
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

it('carry the version of their form', () => {
  expect(first).toEqual({ name: 'a', color: 'red', recordVersion: 1 });
  expect(second).toEqual({ name: 'a', colors: ['red'], recordVersion: 2 });
});

it('are read as they were written while the form is the same', () => {
  expect(parseRecord(Version1, first)).toEqual({ name: 'a', color: 'red' });
  expect(parseRecord(Version2, second, [toVersion2])).toEqual({ name: 'a', colors: ['red'] });
  expect(parseRecord(Version1, undefined)).toBeUndefined();
});

it('of the version before are brought into the present form', () => {
  expect(parseRecord(Version2, first, [toVersion2])).toEqual({ name: 'a', colors: ['red'] });
});

it('of any version before are, step by step', () => {
  const now = { name: 'a', colors: { 0: 'red' } };
  expect(parseRecord(Version3, first, [toVersion2, toVersion3])).toEqual(now);
  expect(parseRecord(Version3, second, [toVersion2, toVersion3])).toEqual(now);
});

it('of a later version are refused, even if they would pass for a record of this one', () => {
  const later = { ...second, recordVersion: 3 };
  expect(() => parseRecord(Version2, later, [toVersion2])).toThrow(
    'a record has version 3, but the newest version that this code knows is 2: deploy the later release again',
  );
  expect(() => parseRecord(Version1, { ...first, recordVersion: 2 })).toThrow('version 2');
});

it.each([undefined, null, 0, -1, 1.5, '1', NaN, true])('of version %p are none', (recordVersion) => {
  expect(() => parseRecord(Version1, { ...first, recordVersion })).toThrow(v.ValiError);
});

it('are judged after the upgrade: what does not fit the form is refused', () => {
  expect(() => parseRecord(Version2, { ...first, color: 7 }, [toVersion2])).toThrow(v.ValiError);
});
