/**
 * `npm start` with the examples, and a function `echo` that gateways of the principal `agent` can invoke as an agent. It
 * responds with the event that it received.
 */
import '../../bin/loopback-proxy';
import '../../bin/sdk-notices';
import { startWorld } from '../../examples/local/world';
import { principalOf } from '../../lambda/domain/principal';
import { readyLine } from '../../lib/local/banner';
import { runProgram } from '../../lib/local/program';
import { parseSettings } from '../../lib/local/settings';

const NAME = 'echo';

const echo = (event: unknown) =>
  Promise.resolve({
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });

void runProgram({
  start: async () => {
    const settings = parseSettings(process.env);
    const world = await startWorld({ ...settings, pythonAgent: true });
    const { service, examples } = world;
    service.functions.set(NAME, echo);
    service.ownerTags.set(NAME, principalOf(service.principals.agent.arn));
    return { announcement: readyLine(service, examples), close: () => world.close() };
  },
  farewell: '',
});
