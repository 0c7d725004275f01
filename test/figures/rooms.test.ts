/** The imports keep to the layout of docs/architecture.md. */
import { withFigures } from '../../scripts/figures';
import { backArrows, betweenRooms, filesInCircles } from '../../scripts/rooms/graph';
import { importsIn } from '../../scripts/rooms/imports';
import {
  CODE,
  DOMAIN_ROOMS,
  domainRoomOf,
  isIn,
  LAMBDA_ROOMS,
  lambdaRoomOf,
} from '../../scripts/rooms/layout';
import { roomsPicture } from '../../scripts/rooms/picture';

const imports = importsIn(CODE);

it('reads the imports, of types too', () => {
  expect(imports.length).toBeGreaterThan(1000);
  expect(imports).toContainEqual({ from: 'lambda/domain/audit.ts', to: 'lambda/domain/principal.ts' });
});

it('no file imports itself by way of others', () => {
  expect(filesInCircles(imports.filter(isIn('lambda')))).toEqual([]);
});

it('each room of the functions imports only from rooms below it', () => {
  expect(backArrows(betweenRooms(imports.filter(isIn('lambda')), lambdaRoomOf), LAMBDA_ROOMS)).toEqual([]);
});

it('one arrow of the domain runs back up: a resource is found for a caller whom its policy allows', () => {
  expect(backArrows(betweenRooms(imports.filter(isIn('lambda/domain')), domainRoomOf), DOMAIN_ROOMS)).toEqual(
    ['lambda/domain -> lambda/domain/policy'],
  );
});

it('infrastructure and clients know the functions by their contract alone', () => {
  const outside = imports.filter(
    ({ from, to }) =>
      from.startsWith('lib/') &&
      !from.startsWith('lib/local/') &&
      to.startsWith('lambda/') &&
      !to.startsWith('lambda/contract/'),
  );
  expect(outside).toEqual([]);
});

it('the picture in docs/architecture.md is up to date; if not, run `npm run docs:rooms`', () => {
  const { is, should } = withFigures('architecture.md', roomsPicture());
  expect(is).toBe(should);
});

describe('the graph', () => {
  const circle = [
    { from: 'a/one.ts', to: 'b/two.ts' },
    { from: 'b/two.ts', to: 'a/one.ts' },
    { from: 'a/one.ts', to: 'c/three.ts' },
  ];

  it('names the files of a circle, and not those that it leads to', () => {
    expect(filesInCircles(circle)).toEqual(['a/one.ts', 'b/two.ts']);
  });

  it('names the arrows against the order', () => {
    expect(backArrows(betweenRooms(circle), ['a', 'b', 'c'])).toEqual(['b -> a']);
  });

  it('refuses a room without a place', () => {
    expect(() => backArrows(betweenRooms(circle), ['a', 'b'])).toThrow(
      'c has no place in the order of rooms',
    );
  });
});
