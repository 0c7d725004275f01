/**
 * The rooms as Mermaid draws them. Arrows that a longer way makes superfluous are left out; one that runs back up is
 * dotted.
 */
import { backArrows, betweenRooms, withoutShortcuts } from './graph';
import { importsIn, type Import } from './imports';
import { CODE, DOMAIN_ROOMS, domainRoomOf, isIn, LAMBDA_ROOMS, lambdaRoomOf } from './layout';

const id = (room: string): string => room.replaceAll(/[^a-z]/g, '_');

function chart(rooms: readonly Import[], order: readonly string[], nameOf: (room: string) => string): string {
  const back = new Set(backArrows(rooms, order));
  const runsBack = ({ from, to }: Import): boolean => back.has(`${from} -> ${to}`);
  const down = withoutShortcuts(rooms.filter((arrow) => !runsBack(arrow)));
  const up = new Map(rooms.filter(runsBack).map((arrow) => [`${arrow.from} ${arrow.to}`, arrow]));
  return [
    '```mermaid',
    'flowchart TD',
    ...order.map((room) => `  ${id(room)}["${nameOf(room)}"]`),
    ...down.map(({ from, to }) => `  ${id(from)} --> ${id(to)}`).sort(),
    ...[...up.values()].map(({ from, to }) => `  ${id(from)} -.-> ${id(to)}`).sort(),
    '```',
  ].join('\n');
}

/** Returns two charts: the rooms of lambda/, and those of lambda/domain. */
export function roomsPicture(): string {
  const imports = importsIn(CODE);
  const lambda = betweenRooms(imports.filter(isIn('lambda')), lambdaRoomOf);
  const domain = betweenRooms(imports.filter(isIn('lambda/domain')), domainRoomOf);
  return [
    'The rooms of `lambda/`:',
    chart(lambda, LAMBDA_ROOMS, (room) => room.replace('lambda/', '')),
    'The rooms of `lambda/domain/`, on the ground of its own files:',
    chart(domain, DOMAIN_ROOMS, (room) => room.replace(/^lambda\/domain\/?/, '') || 'domain'),
  ].join('\n\n');
}
