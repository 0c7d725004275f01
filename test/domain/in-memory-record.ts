/** What storage makes of a record: a copy of its own, without members that are undefined. */
export const recordOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
