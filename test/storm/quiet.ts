/**
 * Imported before anything else: what libraries have to say of this run (an old Node.js, a test server's defaults)
 * would stand between the lines of the table. What the functions log is in the workers' own files.
 */
import { Console } from 'node:console';
import { Writable } from 'node:stream';

const nowhere = new Writable({
  write(_chunk, _encoding, done) {
    done();
  },
});

globalThis.console = new Console(nowhere);
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
