/** The portal's pages before sign-in, and its refusals. */
import type { Refusal } from '../domain/portal/refusal';
import { html } from './html';
import { linkButton, renderMessage, type Message } from './message-page';
import { frameOf, type PortalFrame } from './portal-frame';
import type { RenderedPage } from './shell';

/** Values of `error` in the portal's address. */
export const LOGIN_ERRORS = [
  'login_failed',
  'login_rejected',
  'login_unavailable',
  'session_expired',
] as const;

export type LoginError = (typeof LOGIN_ERRORS)[number];

/** Values of `error` in the portal's address after a consent that connected nothing. */
const CONSENT_ERRORS = ['access_denied', 'provider_unavailable', 'provider_error'] as const;

export type ConsentError = (typeof CONSENT_ERRORS)[number];

export const isConsentError = (error: string | null): error is ConsentError =>
  (CONSENT_ERRORS as readonly (string | null)[]).includes(error);

/** What the sign-in page can report. */
type Reported = LoginError | ConsentError;

const REPORTS: Readonly<Record<Reported, Omit<Message, 'status' | 'actions'>>> = {
  login_failed: {
    title: 'The sign-in did not work',
    happened: html`The response of the identity provider could not be used (<code>login_failed</code>).`,
    next: 'Try again in this browser. If the error persists, send this message to the operator of this page.',
  },
  login_rejected: {
    title: 'You cannot use this page',
    happened: html`You signed in, but this account is not admitted here (<code>login_rejected</code>).`,
    next: 'Use another account, or ask the operator of this page for access, and sign in again.',
  },
  login_unavailable: {
    title: 'You cannot sign in at the moment',
    happened: html`The identity provider did not respond as expected (<code>login_unavailable</code>).`,
    next: 'Try again in a few minutes. If the error persists, send this message to the operator of this page.',
  },
  session_expired: {
    icon: 'info',
    tone: 'calm',
    title: 'You are signed out',
    happened: 'Your session is over. Nothing changed.',
    next: 'Sign in again to continue.',
  },
  access_denied: {
    icon: 'info',
    tone: 'calm',
    title: 'Access was not granted',
    happened: 'Nothing was connected. If that is what you wanted, there is nothing more to do.',
    next: 'To grant access after all, sign in, and choose Connect.',
  },
  provider_unavailable: {
    title: 'The provider is not available at the moment',
    happened: html`The provider of the account could not process the request, so nothing was connected
    (<code>provider_unavailable</code>).`,
    next: 'In a few minutes, sign in, and choose Connect again. If the error persists, send this message to the operator of this page.',
  },
  provider_error: {
    title: 'The provider did not grant access',
    happened: html`The provider of the account responded with an error, so nothing was connected
    (<code>provider_error</code>).`,
    next: 'Sign in, and choose Connect again. If the error persists, send this message to the operator of this page.',
  },
};

/** Why a person sees the sign-in page. */
export interface SignInReason {
  /** A sign-in failed, a session ended, or the person declined a connection. */
  readonly error?: Reported | undefined;
  /** The completion URI of a connection that waits for the sign-in. */
  readonly resume?: string;
}

/** The page of a person who is not signed in. */
export function renderSignIn(frame: PortalFrame, { error, resume }: SignInReason = {}): RenderedPage {
  const { portal, path } = frame;
  const query = resume === undefined ? '' : `?session_id=${encodeURIComponent(resume)}`;
  const signIn = [linkButton(`${path}/login${query}`, 'Sign in')];
  // Single sign-on would return the account that was just rejected or signed out.
  const otherAccount = linkButton(
    `${path}/login?account=other`,
    'Use another account',
    error === 'login_rejected' ? '' : 'plain',
  );
  if (resume !== undefined) {
    return renderMessage(
      {
        status: 200,
        icon: 'info',
        tone: 'calm',
        title: 'Sign in to finish connecting',
        happened: 'You allowed access, and one step is left.',
        next: html`Sign in at <strong>${portal.signInProvider}</strong> as the person who began. The access is
          stored then, and not before.`,
        actions: signIn,
      },
      frameOf(frame),
    );
  }
  if (error !== undefined) {
    return renderMessage(
      {
        status: 200,
        ...REPORTS[error],
        actions:
          error === 'login_rejected'
            ? [otherAccount, linkButton(`${path}/login`, 'Sign in', 'plain')]
            : [...signIn, otherAccount],
      },
      frameOf(frame),
    );
  }
  return renderMessage(
    {
      status: 200,
      icon: 'shield',
      tone: 'calm',
      title: 'See what your agents can reach',
      happened: `Agents of ${portal.name} can use accounts of yours, such as a calendar, if you allow it. Here you connect them, see when they last used the access, and disconnect them.`,
      next: html`You sign in at <strong>${portal.signInProvider}</strong>.`,
      actions: [...signIn, otherAccount],
    },
    frameOf(frame),
  );
}

type ShownRefusal = Exclude<
  Refusal,
  | 'no-such-portal'
  | 'portal-unavailable'
  | 'another-region'
  | 'signed-out'
  | 'login_failed'
  | 'login_rejected'
  | 'login_unavailable'
>;

const REFUSED: Readonly<Record<ShownRefusal, Pick<Message, 'status' | 'title' | 'happened' | 'next'>>> = {
  suspended: {
    status: 403,
    title: 'This agent is suspended',
    happened: 'The operator suspended this agent, so you cannot connect it.',
    next: 'Ask the operator when it will be available again.',
  },
  'not-allowed': {
    status: 403,
    title: 'This page cannot manage this agent',
    happened: 'This page is not, or is no longer, authorized to manage this agent. Nothing changed.',
    next: 'Send this message to the operator of this page.',
  },
  'not-yours': {
    status: 403,
    title: 'Nothing was connected',
    happened:
      'You allowed access for a request that another person began. The service destroyed the permission, so no agent gets access.',
    next: 'If someone sent you a link, do not use it again, and tell the operator of this page. To connect an agent of yours, choose Connect on this page.',
  },
  'other-browser': {
    status: 403,
    title: 'Nothing was connected',
    happened:
      'The provider asked for the permission in another browser, perhaps for the account of another person. No agent gets access.',
    next: 'If someone sent you a link, do not use it again, and tell the operator of this page. To connect your account, choose Connect on this page, and stay in this browser.',
  },
  ended: {
    status: 410,
    title: 'This step is no longer valid',
    happened: 'It took too long, it was completed before, or it began somewhere else.',
    next: 'Look at your agents to see what is connected. If something is missing, choose Connect again.',
  },
  'provider-unavailable': {
    status: 502,
    title: 'The provider did not respond as expected',
    happened:
      'The provider of the account could not be reached, or it rejected the request. Nothing was connected.',
    next: 'Try again in a few minutes. If the error persists, send this message to the operator of this page.',
  },
  busy: {
    status: 429,
    title: 'Too many requests at the same time',
    happened: 'Other requests changed the same connection, so this step did not finish.',
    next: 'Look at your agents to see what is connected, and try again there.',
  },
  'no-such-connection': {
    status: 404,
    title: 'This connection does not exist',
    happened: 'It was disconnected, or it was never there.',
    next: 'Look at your agents to see what is connected.',
  },
};

/** Returns whether a refusal has its own page; the others lead to sign-in, or look like an unknown address. */
export const isShown = (refusal: Refusal): refusal is ShownRefusal => refusal in REFUSED;

/** The page of a refused step. */
export const renderRefusal = (frame: PortalFrame, refusal: ShownRefusal): RenderedPage =>
  renderMessage(
    { ...REFUSED[refusal], actions: [linkButton(frame.path, 'Back to your agents')] },
    frameOf(frame),
  );

/** The page for a form that did not come from this portal's page in this browser. */
export const renderForgedForm = (frame: Pick<PortalFrame, 'path'>): RenderedPage =>
  renderMessage({
    status: 403,
    title: 'This request could not be verified',
    happened: 'It did not come from a page that this service showed in this browser. Nothing changed.',
    next: 'Open your agents, and try again there.',
    actions: [linkButton(frame.path, 'Open your agents')],
  });

/** An unknown portal, and one that cannot be served: they look alike. */
export const renderNoPortal = (): RenderedPage =>
  renderMessage({
    status: 404,
    title: 'This page is not available',
    happened: 'There is no page for connections at this address, or it is not available now.',
    next: 'Check the address, or ask the application that you came from. If the address is right, try again in a few minutes.',
  });

/** A page outside the writing Region, to which the address of the service still leads after a failover. */
export const renderAnotherRegion = (): RenderedPage =>
  renderMessage({
    status: 503,
    title: 'This page has moved for now',
    happened:
      'The service works in another Region at the moment, and your browser did not reach that Region. Nothing changed.',
    next: 'Open the page again in a few minutes. If you get here again, send this message to the operator of this page.',
  });

/** A failure of the service itself. */
export const renderFailure = (): RenderedPage =>
  renderMessage({
    status: 500,
    icon: 'cross',
    tone: 'bad',
    title: 'Something failed on our side',
    happened: 'The service could not complete this step.',
    next: 'Try again in a few minutes. If the error persists, tell the operator of this page when it happened.',
  });

const ABOUT =
  'An identity service for agents answers here. It stores what people grant to their agents, and gives each agent only what its user allowed.';

export const renderHome = (): RenderedPage =>
  renderMessage({
    status: 200,
    icon: 'shield',
    tone: 'calm',
    title: 'There is nothing to see at this address',
    happened: ABOUT,
    next: 'To see what your agents can reach, use the link in your application.',
  });

export const renderNotFound = (): RenderedPage =>
  renderMessage({
    status: 404,
    title: 'There is no page at this address',
    happened: 'The address is not complete, or it was changed on the way.',
    next: 'Check the address, or go back to the application that you came from.',
  });
