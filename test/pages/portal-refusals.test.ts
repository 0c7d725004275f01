/** The pages of a portal about a step that did not succeed. */
import { renderRefusal } from '../../lambda/pages/portal-pages';

const FRAME = {
  portal: { portalId: 'portal-0123456789', name: 'Fernhill', signInProvider: 'Fernhill ID' },
  path: '/portals/portal-0123456789',
};

it('a step that lost to concurrent requests has the status 429, and asks the person to try again', () => {
  const { status, html } = renderRefusal(FRAME, 'busy');
  expect(status).toBe(429);
  expect(html).toContain('try again there');
});
