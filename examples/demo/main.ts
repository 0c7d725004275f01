/**
 * `npm run demo`: runs the main flow of agent-identity in 20 steps, without a browser, on everything that `npm start`
 * starts. Prints the requests and the checks of each step. Exits with status 1 if a step fails.
 */
import { askOtherAgents } from './agent-chain';
import { answerSteps } from './answer-steps';
import { consentSteps } from './consent-steps';
import { tryOtherHands } from './other-hands';
import { Printer } from './print';
import { signInSteps } from './sign-in-steps';
import { Stage } from './stage';
import { CheckError, Report, type Step } from './step';
import { MissingError } from './wire';

const STEPS: readonly Step<Stage>[] = [...signInSteps, ...consentSteps, ...answerSteps];

/** Not a step of the flow: attempts to misuse its tokens, all of which must fail. */
const OTHER_HANDS: Step<Stage> = {
  lane: 'identity',
  title: 'The tokens of this run in the wrong hands',
  play: tryOtherHands,
};

/** Not a step of the flow either: the agent asks another one, which asks a third one. */
const OTHER_AGENTS: Step<Stage> = {
  lane: 'agent',
  title: 'The agent asks another agent, which asks a third one',
  play: askOtherAgents,
};

const INTERRUPTED = 130;

const printer = new Printer(
  (text) => process.stdout.write(text),
  process.stdout.isTTY && process.stdout.hasColors(),
);

/** @returns whether every step succeeded */
async function play(stage: Stage): Promise<boolean> {
  for (const [index, step] of [...STEPS, OTHER_AGENTS, OTHER_HANDS].entries()) {
    const report = new Report();
    const failure = await step.play(stage, report).then(() => undefined, reasonOf);
    printer.step(index < STEPS.length ? index + 1 : undefined, step, report.lines);
    if (failure !== undefined) {
      printer.failure(step, failure);
      return false;
    }
  }
  return true;
}

/** Writes the error to the log, because errors of libraries can quote URLs that contain codes. */
function reasonOf(error: unknown): string {
  if (error instanceof CheckError || error instanceof MissingError) return error.message;
  globalThis.console.error('The demo failed:', error);
  return error instanceof Error ? `${error.name}; see the log for details` : 'unknown error';
}

async function main(): Promise<number> {
  // On an old Node.js version, the AWS SDK prints an end-of-support notice between the steps.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const began = performance.now();
  printer.title(
    'agent-identity: one question in 20 steps',
    "A user asks an agent, which needs the user's calendar at another company. All parties run in this process, on",
    'loopback, and use HTTP. The steps show what was seen on the wire, in the tokens, and in the audit log.',
  );
  const stage = await Stage.set();
  process.once('SIGINT', () => {
    void stage.strike().finally(() => process.exit(INTERRUPTED));
  });
  const good = await play(stage);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (good) {
    await stage.strike();
    printer.title(
      `All 20 steps succeeded in ${seconds} seconds.`,
      'To see the same in your browser, run npm start.',
    );
    return 0;
  }
  await stage.stop();
  printer.title(
    'The demo stopped at the step above.',
    `Log of the service: ${stage.logPath}`,
    'Check for a proxy setting or a slow machine, and try again. If the error persists, report the step and the lines above.',
  );
  return 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'unknown error'}\n`);
    process.exit(1);
  },
);
