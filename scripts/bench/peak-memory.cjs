/** The most memory that this process had, in MiB. */
const { readFileSync } = require('node:fs');

/**
 * Linux keeps the peak of the parent, from the moment of the fork, in `maxRSS` of a new program. `VmHWM` is that of the
 * program alone (proc_pid_status(5)).
 */
function peakMemory() {
  try {
    const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return Number(peak) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

module.exports = { peakMemory };
