/** What the pages of a consent portal have in common: the operator's header, the addresses, and the person's controls. */
import type { Named } from '../domain/display-name';
import type { PortalAppearance } from '../domain/portal/served-portal';
import { html, type Html } from './html';
import type { MessageFrame } from './message-page';

/** The portal that a page belongs to. */
export interface PortalFrame {
  readonly portal: PortalAppearance;
  /** Path of the portal, without a trailing slash. */
  readonly path: string;
  /** The person who is signed in in this browser. */
  readonly person?: PersonFrame | undefined;
}

export interface PersonFrame {
  /** As the identity provider named the person; undefined if it named none. */
  readonly name: string | undefined;
  /** Token that each form of this session sends. */
  readonly csrf: string;
}

export const csrfField = ({ csrf }: Pick<PersonFrame, 'csrf'>): Html =>
  html`<input type="hidden" name="csrf" value="${csrf}" />`;

/** Technical names are shown if they differ, because two things can have the same display name. */
export const technicalName = ({ name, displayName }: Named): Html | undefined =>
  name === displayName ? undefined : html`<code class="soft">${name}</code>`;

/** Returns the frame of a page. The header's name is a link to the portal. */
export function frameOf({ portal, path, person }: PortalFrame): MessageFrame {
  const { name, color, logo } = portal;
  return {
    branding: { name, color, logo },
    home: path,
    forms: person !== undefined,
    person:
      person &&
      html`<div class="person">
        ${person.name !== undefined && html`<span>${person.name}</span>`}
        <form method="post" action="${path}/logout">
          ${csrfField(person)}<button class="button plain compact">Sign out</button>
        </form>
      </div>`,
  };
}
