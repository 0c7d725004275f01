/** Every route is in the table of faults, or is an exception with a reason. */
import { OPERATIONS } from '../../lambda/operations';
import { committedRows } from '../faults/counts';
import { WITHOUT_FAULTS } from '../faults/exceptions';

it('each operation and public route has faults, or a reason why it has none', () => {
  const tested = new Set(committedRows().map(({ title }) => title.split(',')[0]));
  const untested = Object.keys(OPERATIONS).filter((name) => !tested.has(name));
  expect(untested.sort()).toEqual(Object.keys(WITHOUT_FAULTS).sort());
});
