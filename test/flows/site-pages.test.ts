/** The addresses outside of any portal: pages for browsers, and errors in the form of the API for its clients. */
import { Browser } from './support/browser';
import { World } from './support/world';

const world = World.ofFile();

describe('outside of any portal', () => {
  it.each([
    ['/', 200],
    ['/nothing', 404],
    ['/portals', 404],
    ['/identities/oauth2', 404],
  ])('a browser at %s gets a page with the status %i', async (path, status) => {
    const page = await new Browser().step(world.local.endpoint + path);
    expect(page.status).toBe(status);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  it.each(['/nothing', '/identities/NoSuchOperation', '/tags'])(
    'a client of the API at %s gets an error in the form of the API',
    async (path) => {
      const response = await fetch(world.local.endpoint + path);
      expect(response.status).toBe(404);
      expect(response.headers.get('x-amzn-errortype')).toBe('ResourceNotFoundException');
      expect(await response.json()).toMatchObject({ __type: 'ResourceNotFoundException' });
    },
  );

  it('the icon is an image', async () => {
    const response = await fetch(`${world.local.endpoint}/favicon.ico`);
    expect(response.headers.get('content-type')).toBe('image/svg+xml');
    expect(await response.text()).toMatch(/^<svg /);
  });
});
