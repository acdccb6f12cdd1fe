/** Required by a process that is measured: as it exits it writes its peak memory, in KiB, to file descriptor 3. */
const { writeSync } = require('node:fs');

process.on('exit', () => writeSync(3, `${process.resourceUsage().maxRSS}`));
