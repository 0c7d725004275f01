/** Which test files the options select, and which options are rejected. */
import { resolve } from 'node:path';
import { HelpRequested } from '../program/command-line';
import { parseSettings } from './settings';

const FILES = ['test/flows/consent.test.ts', 'test/flows/gate/mcp.test.ts'];

it('selects the given files, and those whose paths contain a text', () => {
  expect(parseSettings([], FILES)).toEqual({ files: FILES, whole: true });
  expect(parseSettings([FILES[0]!], FILES)).toEqual({ files: [FILES[0]], whole: false });
  for (const path of [`./${FILES[0]}`, resolve(FILES[0]!)]) {
    expect(parseSettings([path], FILES)).toEqual({ files: [FILES[0]], whole: false });
  }
  expect(parseSettings(['--only', 'gate/'], FILES)).toEqual({ files: [FILES[1]], whole: false });
});

it.each([
  [['--only', 'portal'], '--only must be part of the path of one of the files.'],
  [[FILES[0]!, '--only', 'gate/'], '--only must be part of the path of one of the files.'],
  [['test/flows/portal.test.ts'], 'There is no flow test "test/flows/portal.test.ts".'],
  [['--watch'], "Unknown option '--watch'. Run `npm run test:secrets -- --help` for the options."],
])('rejects %j', (args, message) => {
  expect(() => parseSettings(args, FILES)).toThrow(message);
});

it('explains the options', () => {
  expect(() => parseSettings(['--help'], FILES)).toThrow(HelpRequested);
  expect(() => parseSettings(['--help'], FILES)).toThrow('npm run test:secrets -- [options] [FILE ...]');
});
