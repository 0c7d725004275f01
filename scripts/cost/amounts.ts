/** Amounts in the cost tables. */
export const MILLION = 1e6;
export const GIGABYTE = 1e9;

export const dollars = (amount: number): string => `$${amount.toFixed(2)}`;

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
