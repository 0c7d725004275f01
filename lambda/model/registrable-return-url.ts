/** Which return URLs of applications can be registered. */
import * as v from 'valibot';
import { isLoopbackHttp } from './endpoint';

/**
 * The characters of a URL (RFC 3986 section 2). `Location` can contain each of them, and no parser takes one for another,
 * as some take a backslash for a slash.
 */
const URL_TEXT = /^[\w.~:/?#[\]@!$&'()*+,;=%-]+$/;

/** Without the slashes, a browser would take the rest for a path at this service. */
const WEB_ADDRESS = /^https?:\/\/[^/?#]/i;

/** The reversed name of a domain, as a scheme (RFC 8252 section 7.1). */
const PRIVATE_USE_ADDRESS = /^[a-z][a-z\d+-]*(\.[a-z\d+-]+)+:\//i;

/**
 * Returns why the service sends no browser to the URL, in words that continue the name of its member; undefined if it does.
 * A list of schemes to reject would be incomplete: each browser and each installed application has others.
 */
export function returnUrlFault(text: string): string | undefined {
  if (!URL_TEXT.test(text))
    return 'must contain only characters of a URL (RFC 3986); percent-encode all others';
  if (!URL.canParse(text)) return 'must be a URL';
  if (/^[^:]+:\/\/[^/?#]*@/.test(text)) return 'must not contain credentials';
  const url = new URL(text);
  const isWeb = WEB_ADDRESS.test(text) && (url.protocol === 'https:' || isLoopbackHttp(url));
  return isWeb || PRIVATE_USE_ADDRESS.test(text)
    ? undefined
    : "must begin with https://, with http:// on localhost, 127.0.0.1, or [::1], or with the reversed name of the application's domain, such as com.example.app:/";
}

/** The text is a URL to which the service sends browsers. */
export const isRegistrable = v.rawCheck<string>(({ dataset, addIssue }) => {
  const fault = dataset.issues ? undefined : returnUrlFault(dataset.value);
  if (fault !== undefined) addIssue({ message: fault });
});
