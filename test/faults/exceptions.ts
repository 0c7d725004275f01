/** Routes without faults, and why. */
import type { OperationName } from '../../lambda/contract/operations';

const PAGES =
  'A page of a consent portal, or the consent page that leads there. Flow tests cover it, without these faults.';
const MOVE = 'It works on every vault key of the deployment, which all cases share.';

export const WITHOUT_FAULTS: Readonly<Partial<Record<OperationName, string>>> = {
  SetTokenVaultCMK: MOVE,
  ResetTokenVaultKeyMaterial: MOVE,
  DeclineAuthorization: PAGES,
  Portal: PAGES,
  PortalSignIn: PAGES,
  PortalSignInCallback: PAGES,
  PortalSignOut: PAGES,
  PortalConnect: PAGES,
  PortalComplete: PAGES,
  PortalDisconnect: PAGES,
  PortalDisconnectQuestion: PAGES,
  PortalSignOutReopened: PAGES,
  PortalConnectReopened: PAGES,
  PortalDisconnection: PAGES,
};
