/** Required by a process that is measured: as it exits it writes what it took, by the system's accounts, to file descriptor 3. */
const { writeSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

// A thread requires it, too, and its exit is not the process's.
if (isMainThread)
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeSync(3, JSON.stringify({ kib: maxRSS, cpuMs: (userCPUTime + systemCPUTime) / 1_000 }));
  });
