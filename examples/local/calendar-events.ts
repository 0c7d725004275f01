/** The events on the example calendars, relative to today, so that the calendars are never empty. */
import { ALMANAC_ACCOUNTS } from './accounts';

export interface CalendarEvent {
  readonly title: string;
  readonly location: string;
  /** RFC 3339 date and time, in UTC. */
  readonly start: string;
  readonly end: string;
}

interface Entry {
  readonly title: string;
  readonly location: string;
  /** Days from today. */
  readonly day: number;
  /** Local time of this machine, in hours. */
  readonly from: number;
  readonly to: number;
}

const [ana, ben] = ALMANAC_ACCOUNTS;

const ENTRIES: ReadonlyMap<string | undefined, readonly Entry[]> = new Map([
  [
    ana?.id,
    [
      { title: 'Orchard planning', location: 'Greenhouse', day: 0, from: 9.5, to: 10.25 },
      { title: 'Lunch with Ines', location: 'Café Linden', day: 0, from: 12.5, to: 13.5 },
      { title: 'Soil survey review', location: 'Room 4', day: 1, from: 10, to: 11 },
      { title: 'Call with the seed library', location: 'By phone', day: 1, from: 15.5, to: 16 },
      { title: 'Board meeting', location: 'Main hall', day: 3, from: 14, to: 16 },
    ],
  ],
  [
    ben?.id,
    [
      { title: 'Irrigation stand-up', location: 'Workshop', day: 0, from: 8.75, to: 9 },
      { title: 'Pump delivery', location: 'North gate', day: 0, from: 14, to: 15 },
      { title: 'Interview: field engineer', location: 'Room 2', day: 1, from: 11, to: 12 },
      { title: 'Dentist', location: 'Mill Street 12', day: 2, from: 16.5, to: 17.25 },
    ],
  ],
]);

/** The events for an application that acts for itself, without a user. */
const OFFICE: readonly Entry[] = [
  { title: 'Fire drill', location: 'Everywhere', day: 2, from: 11, to: 11.5 },
];

function at(day: number, hours: number): string {
  const moment = new Date();
  moment.setDate(moment.getDate() + day);
  moment.setHours(0, hours * 60, 0, 0);
  return moment.toISOString();
}

/** @param subject `sub` of the access token: an account, or the client itself. */
export const eventsOf = (subject: string): CalendarEvent[] =>
  (ENTRIES.get(subject) ?? OFFICE).map(({ title, location, day, from, to }) => ({
    title,
    location,
    start: at(day, from),
    end: at(day, to),
  }));
