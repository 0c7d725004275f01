/** Steps 15 to 20: from the grant to the answer, and a search of the data folder. */
import { decodeJwt } from 'jose';
import { QUESTION } from './sign-in-steps';
import { bearerToken, list, type Stage } from './stage';
import type { Step } from './step';

/** Titles of the events that a page shows, in order. */
const eventsOn = (html: string): string[] =>
  [...html.matchAll(/<time[^>]*>(?<time>[^<]*)<\/time>\s*<div><strong>(?<title>[^<]*)<\/strong>/g)].map(
    ({ groups }) => `${groups?.time ?? ''}  ${groups?.title ?? ''}`,
  );

export const answerSteps: readonly Step<Stage>[] = [
  {
    lane: 'agent',
    title: 'requests data from the resource',
    play: async (stage, report) => {
      const call = await stage.wire.next({ to: 'calendar', method: 'GET', path: '/events' });
      stage.calendarCall = report.saw(call);
      stage.calendarToken = bearerToken(call);
      report.check(
        stage.calendarToken !== stage.userToken && stage.calendarToken !== stage.workloadAccessToken,
        "with Almanac's token: the user token and the workload access token never go to another company",
      );
    },
  },
  {
    lane: 'third-party resource',
    title: 'validates the token and returns the data',
    play: ({ world, calendarToken, calendarCall, userToken }, report) => {
      const claims = decodeJwt(calendarToken);
      report.check(claims.iss === world.calendar.issuer, `iss        ${claims.iss ?? ''}`);
      report.check(
        claims.aud === new URL(world.calendar.eventsUrl).origin,
        `aud        ${String(claims.aud)}`,
      );
      report.check(claims.scope === 'calendar.read', `scope      ${String(claims.scope)}`);
      report.check(
        claims.sub !== decodeJwt(userToken).sub,
        `sub        ${claims.sub ?? ''} — an Almanac account; Almanac does not know the Fernhill account`,
      );
      report.check(calendarCall.status === 200, 'status 200');
      return Promise.resolve();
    },
  },
  {
    lane: 'agent',
    title: 'assembles the response',
    play: async (stage, report) => {
      stage.page = await stage.browser.go(`${stage.world.exampleApp}/`);
      const told = [...stage.page.html.matchAll(/<p class="progress"[^>]*>(?<text>[^<]*)</g)];
      const events = eventsOn(stage.page.html);
      report.tell(`progress shown: ${list(told.map(({ groups }) => `“${groups?.text ?? ''}”`))}`);
      report.check(events.length > 0, `${events.length} events for “${QUESTION}”`);
    },
  },
  {
    lane: 'agent service',
    title: 'returns the response to the application',
    play: ({ gateCall, agentCall }, report) => {
      report.check(
        gateCall.status === 200 && gateCall.answered,
        'one stream carries the question and the answer, with status 200',
      );
      report.check(agentCall.answered, "the agent's invocation has finished; the agent stores nothing");
      return Promise.resolve();
    },
  },
  {
    lane: 'application',
    title: 'displays the response',
    play: async ({ wire, page }, report) => {
      report.saw(await wire.next({ to: 'application', method: 'GET', path: '/' }));
      for (const event of eventsOn(page.html)) report.tell(event);
      report.check(page.status === 200, 'the page showed each part without a script');
    },
  },
  {
    lane: 'user',
    title: 'done',
    play: async (stage, report) => {
      const { browser, wire, audit, world } = stage;
      wire.forget();
      await browser.submit(stage.page, { question: 'And tomorrow?' }, `${world.exampleApp}/`, '/ask');
      stage.page = await browser.go(`${world.exampleApp}/`);
      report.check(
        eventsOn(stage.page.html).length > 0 && wire.rest('Almanac').length === 0,
        '“And tomorrow?” is answered immediately: without consent, and Almanac gets only the request for events',
      );
      const entries = await audit.all();
      const refused = entries.filter(({ outcome }) => outcome !== 'allowed');
      report.check(
        refused.length === 1 && refused[0]?.reason?.startsWith('the session URI of the link') === true,
        `${entries.length} decisions in the audit log, each with its agent, user, and reason; one denied the sender of the link`,
      );
      const secrets = [stage.userToken, stage.workloadAccessToken, stage.calendarToken];
      const { files, found } = await stage.search(secrets);
      report.check(
        found === 0,
        `searched ${files} files in the data folder: none contains a token of this run in plain text`,
      );
    },
  },
];
