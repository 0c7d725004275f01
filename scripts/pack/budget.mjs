/** The maximum size of each package. A package that exceeds its budget usually contains files by mistake. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const BUDGETS = JSON.parse(readFileSync(join(import.meta.dirname, 'budgets.json'), 'utf8'));

/**
 * Checks the size of a package.
 *
 * @param packed the name, the bytes of the published file, and its number of files, if known
 * @throws Error if the package has no budget, or is larger than its budget
 */
export function checkBudget({ name, bytes, files }) {
  const budget = BUDGETS[name];
  if (!budget) throw new Error(`${name} has no budget. Add one to scripts/pack/budgets.json.`);
  for (const [unit, count] of Object.entries({ bytes, files })) {
    if (budget[unit] !== undefined && count > budget[unit]) {
      throw new Error(
        `${name} has ${count} ${unit}, but its budget is ${budget[unit]}. Remove files, or raise the budget in scripts/pack/budgets.json.`,
      );
    }
  }
}
