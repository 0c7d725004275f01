/** Every case of the walk through the parser of requests: accepted or rejected as the AWS shape requires. */
import { isDeepStrictEqual } from 'node:util';
import { parseInput, type RequestParts } from '../../lambda/api/parse';
import { REFUSED_OPERATIONS } from '../../lambda/operations/refused-operations';
import { isJsonOperation, OPERATIONS, type JsonOperationName } from '../../lambda/operations';
import { ServiceError } from '../../lambda/domain/service-error';
import { casesOfOperation, type Case } from '../../scripts/aws-model/cases';
import { ADDED_MEMBERS } from '../../scripts/aws-model/differences';
import {
  MODELLED_OPERATIONS,
  shapeOf,
  type ModelledOperation,
  type Shape,
} from '../../scripts/aws-model/service-model';

/** The request as the router passes it: the members of the path and the query, and the body. */
function partsOf({ input }: ModelledOperation, request: object): RequestParts {
  const located = Object.entries(request).filter(([name]) => input.members[name]?.location);
  const body = Object.entries(request).filter(([name]) => !input.members[name]?.location);
  return {
    body: JSON.stringify(Object.fromEntries(body)),
    members: Object.fromEntries(located),
  };
}

function outcome(operation: ModelledOperation & { name: JsonOperationName }, { request }: Case) {
  try {
    return { input: parseInput(OPERATIONS[operation.name].input, partsOf(operation, request as object)) };
  } catch (error) {
    return { error };
  }
}

/** Returns the difference between the expected and the actual result of a case, if any. */
function differing(
  operation: ModelledOperation & { name: JsonOperationName },
  one: Case,
): string | undefined {
  const { input, error } = outcome(operation, one);
  if (one.verdict === 'accepted') {
    if (error) return error instanceof ServiceError ? `refused: ${error.message}` : 'failed';
    return isDeepStrictEqual(input, one.request) ? undefined : 'accepted, but not all of it';
  }
  if (input) return 'accepted';
  if (!(error instanceof ServiceError) || error.type !== 'ValidationException') return 'failed';
  if (error.reason !== 'FieldValidationFailed') return `reason ${error.reason}`;
  const names = (error.fieldList ?? []).map(({ name }) => name);
  if (!names.some((name) => one.fields.includes(name))) return `reported ${names.join(', ')}`;
  if (one.says !== undefined && !error.message.includes(one.says)) return `said ${error.message}`;
  return undefined;
}

const label = ({ operation, place, what }: Case, problem: string): string =>
  `${operation} ${place} (${what}): ${problem.slice(0, 200)}`;

describe('the walk over the AWS shapes', () => {
  const served = MODELLED_OPERATIONS.filter(({ name }) => isJsonOperation(name));
  const count = { accepted: 0, refused: 0, differed: 0 };

  it.each(served.map((operation) => [operation.name, operation] as const))(
    'every case of %s has the expected result',
    (name, operation) => {
      if (!isJsonOperation(name)) throw new Error(`${name} is not in the registry`);
      const cases = casesOfOperation(operation);
      const problems = cases.flatMap((one) => {
        const problem = differing({ ...operation, name }, one);
        return problem === undefined ? [] : [label(one, problem)];
      });
      for (const { verdict } of cases) count[verdict] += 1;
      count.differed += problems.length;
      expect(problems).toEqual([]);
    },
  );

  it('covers every operation that is not refused by name', () => {
    const { accepted, refused, differed } = count;
    process.stderr.write(
      `shape walk: ${accepted + refused} cases of ${served.length} operations, ${accepted} to accept and ${refused} to refuse; ${differed} differed\n`,
    );
    const refusedByName = Object.keys(REFUSED_OPERATIONS);
    expect([...served.map(({ name }) => name), ...refusedByName].sort()).toEqual(
      MODELLED_OPERATIONS.map(({ name }) => name).sort(),
    );
  });
});

/** The parts of a Valibot schema that have members. */
interface Part {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Part>>;
  readonly wrapped?: Part;
  readonly item?: Part;
}

/** Returns the members that the schema of a request has and the AWS shape does not. */
function addedMembers({ entries = {}, wrapped, item }: Part, shape: Shape): string[] {
  if (wrapped) return addedMembers(wrapped, shape);
  if (shape.type === 'list') return item ? addedMembers(item, shapeOf(shape.member)) : [];
  if (shape.type !== 'structure') return [];
  return Object.entries(entries).flatMap(([name, part]) => {
    const member = shape.members[name];
    return member ? addedMembers(part, shapeOf(member)) : [name];
  });
}

it('every member of a request that AWS does not have is in the list of them', () => {
  const added = MODELLED_OPERATIONS.flatMap(({ name, input }) =>
    isJsonOperation(name)
      ? addedMembers(OPERATIONS[name].input, input).map((member) => `${name} ${member}`)
      : [],
  );
  expect(added.sort()).toEqual(ADDED_MEMBERS.map(({ operation, member }) => `${operation} ${member}`).sort());
});
