/** `npm run bench -- --node`, with a path at which there is no Node.js. */
import { FunctionProcess } from '../../scripts/bench/function-process';
import { parseSettings } from '../../scripts/bench/settings';
import { UsageError } from '../program/command-line';

it.each([
  ['/nonexistent/node', 'ENOENT'],
  ['/bin/echo', 'it prints no version of Node.js'],
])('rejects %s as the Node.js of the functions before anything is measured', (node, reason) => {
  expect(() => parseSettings(['--node', node])).toThrow(
    new UsageError(`--node must be the path of a Node.js binary. ${node} is not one (${reason}).`),
  );
});

it('accepts the Node.js that runs the tests', () => {
  expect(parseSettings(['--node', process.execPath])).toMatchObject({ node: process.execPath });
});

it('reports a process that does not start as one error, which the caller can handle', async () => {
  const started = FunctionProcess.start({ node: '/nonexistent/node', bundle: 'none', calls: [] });
  await expect(started).rejects.toMatchObject({ code: 'ENOENT' });
});
