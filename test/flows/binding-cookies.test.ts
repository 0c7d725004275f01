/** A browser that opened many authorization URLs can still complete a consent, because the service limits its cookies. */
import { Browser } from './support/browser';
import { RETURN_URL, World, type TestAgent } from './support/world';

/** More cookies than a browser keeps. */
const LINKS = 24;

/** Consents that can be under way in one browser. */
const MAX_COOKIES = 20;

const world = World.ofFile();

/** Authorization URLs of one agent with different states, so each belongs to a separate session. */
async function linksOf(agent: TestAgent, count: number): Promise<string[]> {
  const token = await agent.token({ userId: 'ana' });
  const links: string[] = [];
  for (let link = 1; link <= count; link += 1) {
    const { authorizationUrl = '' } = await agent.ask(token, { customState: `state-${link}` });
    links.push(authorizationUrl);
  }
  return links;
}

const namesOf = (cookies: readonly string[]) => cookies.map((cookie) => cookie.slice(0, cookie.indexOf('=')));

it('keeps the newest cookies, so that consent with the last link succeeds', async () => {
  const agent = await world.agent();
  const browser = new Browser();
  const [last = '', ...before] = (await linksOf(agent, LINKS)).reverse();
  const kept = new Set<string>();
  for (const link of before.reverse()) {
    const set = (await browser.step(link)).headers.getSetCookie();
    for (const name of namesOf(set.filter((cookie) => !cookie.includes('Max-Age=0')))) kept.add(name);
    for (const name of namesOf(set.filter((cookie) => cookie.includes('Max-Age=0')))) kept.delete(name);
    expect(kept.size).toBeLessThanOrEqual(MAX_COOKIES);
  }
  expect(kept.size).toBe(MAX_COOKIES);

  const back = await agent.consent(last, 'ana', browser);
  expect(back.href.startsWith(RETURN_URL)).toBe(true);
  await agent.complete(back, { userId: 'ana' });
  expect(await agent.ask(await agent.token({ userId: 'ana' }))).toHaveProperty('accessToken');
});

it('deletes only its own cookies, recognized by name', async () => {
  const agent = await world.agent();
  const [link = ''] = await linksOf(agent, 1);
  const own = Array.from({ length: MAX_COOKIES }, (_, place) =>
    ['agent-identity-consent-', String(place).padStart(16, '0')].join(''),
  );
  const others = ['fernhill_assistant', 'agent-identity-consent-', `${own[0] ?? ''}0`];
  const cookie = [...others, ...own].map((name) => `${name}=value`).join('; ');
  const response = await fetch(link, { redirect: 'manual', headers: { cookie } });
  const dropped = response.headers.getSetCookie().filter((set) => set.includes('Max-Age=0'));
  expect(dropped).toEqual([`${own[0] ?? ''}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`]);
});

it('deletes no cookies when a link is opened again', async () => {
  const agent = await world.agent();
  const [link = ''] = await linksOf(agent, 1);
  const browser = new Browser();
  for (let opened = 0; opened < 2; opened += 1) {
    const [cookie, ...more] = (await browser.step(link)).headers.getSetCookie();
    expect(cookie).not.toContain('Max-Age=0');
    expect(more).toEqual([]);
  }
});
