/** How large each package can be. A package that grows beyond its budget has usually packed what it should not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const BUDGETS = JSON.parse(readFileSync(join(import.meta.dirname, 'budgets.json'), 'utf8'));

/**
 * Throws when a package has no budget, or is larger than its budget.
 *
 * @param packed name, bytes of the file that is published, and the number of files in it where that is known
 */
export function checkBudget({ name, bytes, files }) {
  const budget = BUDGETS[name];
  if (!budget) throw new Error(`${name} has no budget. Add one to scripts/pack/budgets.json.`);
  for (const [unit, count] of Object.entries({ bytes, files })) {
    if (budget[unit] !== undefined && count > budget[unit]) {
      throw new Error(
        `${name} has ${count} ${unit}, and its budget is ${budget[unit]}. Pack less, or raise the budget in scripts/pack/budgets.json.`,
      );
    }
  }
}
