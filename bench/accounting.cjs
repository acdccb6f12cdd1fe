/** Required by a process that is measured: as it exits it writes what it took, by the system's accounts, to file descriptor 3. */
const { readFileSync, writeSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

/** The most memory that it had, in KiB. Linux counts what the process that started it had as its own, but for VmHWM (proc(5)). */
function peakKib() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

// A thread requires it, too, and its exit is not the process's.
if (isMainThread)
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    const cpuMs = (userCPUTime + systemCPUTime) / 1_000;
    writeSync(3, JSON.stringify({ kib: peakKib(), cpuMs }));
  });
