/** Tag of a workload identity or a credential provider: its name for people. */
export { DISPLAY_NAME_TAG } from '../domain/display-name';
