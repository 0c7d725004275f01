/** The pages that a provider shows to a user: sign-in, consent, sign-out, and errors. */
import type { ExampleAccount } from './accounts';
import { Html, html } from '../../lambda/pages/html';
import type { Brand, Page } from './page';

export interface SignInPage {
  readonly brand: Brand;
  readonly accounts: readonly ExampleAccount[];
  /** Where the form is posted. */
  readonly action: string;
  readonly clientName: string;
  /** The username that was entered, after a failed sign-in. */
  readonly failedUsername?: string | undefined;
}

const tick = html`<svg viewBox="0 0 24 24" aria-hidden="true">
  <circle cx="12" cy="12" r="10" fill="currentColor" opacity=".16" />
  <path
    d="m7.5 12.5 3 3 6-6.5"
    fill="none"
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
  />
</svg>`;

const shortcut = (action: string, account: ExampleAccount): Html => html`
  <form method="post" action="${action}">
    <input type="hidden" name="username" value="${account.username}" />
    <input type="hidden" name="password" value="${account.password}" />
    <button class="person">
      <span class="initial" aria-hidden="true">${account.name.slice(0, 1)}</span>
      <span
        ><strong>${account.name}</strong
        ><span class="soft"><span>${account.username}</span><span>${account.password}</span></span></span
      >
    </button>
  </form>
`;

/** Marks both fields, so that the page does not reveal which of the two is wrong. */
const WRONG = html`aria-invalid="true" aria-describedby="sign-in-error"`;

export const signInPage = ({ brand, accounts, action, clientName, failedUsername }: SignInPage): Page => ({
  brand,
  title: failedUsername === undefined ? 'Sign in' : 'Error: Sign in',
  narrow: true,
  body: html`<section class="card">
    <div class="stack">
      <h1>Sign in to ${brand.name}</h1>
      <p class="lead">to continue to ${clientName}</p>
    </div>
    ${
      failedUsername === undefined
        ? undefined
        : html`<p class="note alert" id="sign-in-error" role="alert">
            The username or password is not correct. Check both, and try again.
          </p>`
    }
    <form class="form" method="post" action="${action}">
      <div class="field">
        <label for="username">Username</label>
        <input
          id="username"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          value="${failedUsername ?? ''}"
          required
          ${failedUsername === undefined ? html`autofocus` : WRONG}
        />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${failedUsername === undefined ? undefined : html`autofocus ${WRONG}`}
        />
      </div>
      <button class="wide">Sign in</button>
    </form>
    <hr class="rule" />
    <div class="stack">
      <p class="soft">This is an example provider with public accounts. Choose one:</p>
      <div class="people">${accounts.map((account) => shortcut(action, account))}</div>
    </div>
  </section>`,
});

export interface ConsentPage {
  readonly brand: Brand;
  readonly action: string;
  /** URL where the user can choose another account. */
  readonly switchAccount: string;
  readonly clientName: string;
  readonly account: ExampleAccount;
  /** The requested permissions, in plain words. */
  readonly permissions: readonly { readonly title: string; readonly detail: string }[];
  /** URLs of the resources for which the client gets a token. */
  readonly resources: readonly string[];
  /** Where the user returns after the consent: a host, or the kind of an application. */
  readonly destination: string | undefined;
}

export const consentPage = (consent: ConsentPage): Page => ({
  brand: consent.brand,
  title: 'Allow access',
  narrow: true,
  body: html`<section class="card">
    <div class="stack">
      <p class="eyebrow">Access request</p>
      <h1>${consent.clientName} asks to use your ${consent.brand.name}</h1>
      <p class="soft">
        Signed in as <strong>${consent.account.name}</strong> (${consent.account.username})<br />
        <a href="${consent.switchAccount}">Use another account</a>
      </p>
    </div>
    <hr class="rule" />
    <div class="stack">
      <h2>${consent.clientName} will be able to:</h2>
      <ul class="scopes">
        ${consent.permissions.map(
          ({ title, detail }) =>
            html`<li>
              ${tick}<span><strong>${title}</strong><br /><span class="soft">${detail}</span></span>
            </li>`,
        )}
      </ul>
    </div>
    <div class="stack">
      ${consent.resources.map((resource) => html`<p class="soft">For use at <code>${resource}</code></p>`)}
      ${consent.destination && html`<p class="soft">You return to <code>${consent.destination}</code></p>`}
    </div>
    <p class="note">The application does not get your password, and can only do what is listed here.</p>
    <form class="pair" method="post" action="${consent.action}">
      <button class="quiet" name="decision" value="deny">Deny</button>
      <button name="decision" value="allow">Allow</button>
    </form>
  </section>`,
});

/** @param form HTML of the form that oidc-provider created, with its own CSRF protection. */
export const signOutPage = (brand: Brand, form: string): Page => ({
  brand,
  title: 'Sign out',
  narrow: true,
  body: html`<section class="card">
    <div class="stack">
      <h1>Sign out of ${brand.name} too?</h1>
      <p class="lead">If you stay signed in, the next application will not ask for your password.</p>
    </div>
    ${new Html(form)}
    <div class="pair">
      <button class="quiet" form="op.logoutForm">Stay signed in</button>
      <button form="op.logoutForm" name="logout" value="yes">Sign out</button>
    </div>
  </section>`,
});

/** Returns the page for a request that cannot continue. From the request, it repeats only an OAuth error code. */
export const requestErrorPage = (brand: Brand, code?: string): Page => ({
  brand,
  title: 'This request cannot continue',
  narrow: true,
  body: html`<section class="card">
    <div class="stack">
      <h1>This request cannot continue</h1>
      <p class="lead">
        The request is not valid, took too long, was already answered, or was started in another browser.
      </p>
    </div>
    <p>
      This page shared nothing. Go back to the application that you came from. If the application has no
      result, start again there.
    </p>
    ${code === undefined ? undefined : html`<p class="soft">Error code for the developers of the application: <code>${code}</code></p>`}
  </section>`,
});
