/** What is wrong with a document of another server, without the text of the document. */
import * as v from 'valibot';

/**
 * Returns where the document is not valid, and what was expected. The validator's message also has what was received: text
 * of another server, which reaches messages, logs, and terminals.
 *
 * @param issue of a schema whose members have fixed names
 * @param whole the name of the document as a whole
 */
export const documentFault = (issue: v.BaseIssue<unknown>, whole = 'document'): string =>
  `${v.getDotPath(issue) ?? whole}: ${issue.message.replace(/ but received[^]*/, '')}`;
