/** `agent-identity user`: operators suspend and resume users. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/contract/operations';
import { CONNECTION_FLAGS, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { print, printable, printJson } from '../output';
import { connect } from '../service';
import { requiredUser, USER_FLAGS, type UserFlags } from '../user-flags';

interface Flags extends ConnectionFlags, UserFlags {
  readonly reason?: string;
}

const FLAGS = {
  ...CONNECTION_FLAGS,
  ...USER_FLAGS,
  reason: optionalText('text', 'Why, for other operators and the audit log'),
} as const;

interface Changed {
  readonly userHash: string;
  readonly liftedSuspension?: object;
}

const suspend = buildCommand({
  docs: {
    brief: 'Suspend a user',
    fullDescription:
      'From the next request on, no agent gets a token for the user. Grants stay: revoke them with grants revoke.',
  },
  parameters: { flags: FLAGS },
  async func(this: CliContext, flags: Flags) {
    const user = requiredUser(flags);
    const service = await connect(this, flags);
    const { reason } = flags;
    const changed = await service.call<Changed>(OPERATIONS.SuspendUser, {
      user,
      ...(reason !== undefined && { reason }),
    });
    if (flags.json) printJson(this, changed);
    else print(this, `The user ${printable(changed.userHash)} is suspended.`);
  },
});

const resume = buildCommand({
  docs: { brief: 'Resume a suspended user' },
  parameters: { flags: FLAGS },
  async func(this: CliContext, flags: Flags) {
    const user = requiredUser(flags);
    const service = await connect(this, flags);
    const { reason } = flags;
    const changed = await service.call<Changed>(OPERATIONS.ResumeUser, {
      user,
      ...(reason !== undefined && { reason }),
    });
    if (flags.json) printJson(this, changed);
    else {
      const was = changed.liftedSuspension ? 'is no longer suspended' : 'was not suspended';
      print(this, `The user ${printable(changed.userHash)} ${was}.`);
    }
  },
});

export const user = buildRouteMap({
  routes: { suspend, resume },
  docs: { brief: 'Users: suspend and resume them, as an operator' },
});
