/**
 * Follows the redirects from an authorization URL, with their cookies. Returns the URL at which the browser comes back to the
 * application. The authorization server of the tests allows all access.
 */
exports.consent = async (authorizationUrl, returnUrl) => {
  let cookies = [];
  let url = authorizationUrl;
  while (!url.startsWith(returnUrl)) {
    const response = await fetch(url, { redirect: 'manual', headers: { cookie: cookies.join('; ') } });
    const location = response.headers.get('location');
    if (location === null) throw new Error(`${url} responded with ${response.status}.`);
    cookies = [...cookies, ...response.headers.getSetCookie().map((cookie) => cookie.split(';')[0])];
    url = new URL(location, url).href;
  }
  return url;
};
