/**
 * The item of a failed condition, which a write can request (`ReturnValuesOnConditionCheckFailure`). dynalite ignores the
 * member.
 */
import db from 'dynalite/db';
import deleteItem from 'dynalite/validations/deleteItem';
import putItem from 'dynalite/validations/putItem';
import updateItem from 'dynalite/validations/updateItem';

const MEMBER = 'ReturnValuesOnConditionCheckFailure';

/** Makes dynalite in this process accept the member, and add the item to its errors. */
export function returnFailedItems(): void {
  // Each test file of a process has its own copy of this module, and all have one dynalite.
  if (MEMBER in putItem.types) return;
  for (const { types } of [putItem, updateItem, deleteItem]) {
    types[MEMBER] = { type: 'String', enum: ['ALL_OLD', 'NONE'] };
  }
  const { checkConditional } = db;
  db.checkConditional = (write, item) => {
    const error = checkConditional(write, item);
    if (error && item && write[MEMBER] === 'ALL_OLD') error.body.Item = item;
    return error;
  };
}
