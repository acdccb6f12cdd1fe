#!/usr/bin/env node
/** One program for all four operations: Lockstep says which in the environment. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programs } from './programs.mjs';

const pause = new Int32Array(new SharedArrayBuffer(4));

const io = {
  env: process.env,
  say: (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
  warn: (text) => process.stderr.write(`${text}\n`),
  now: Date.now,
  unpack(file, folder) {
    const { status, stderr } = spawnSync('tar', ['-xzf', file, '-C', folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the commit cannot be unpacked: ${stderr}`);
  },
  /** For tests that end it at this boundary: it waits there until it may go on. */
  at(boundary) {
    if (process.env.FOLDERS_STOP_AT !== boundary) return;
    const folder = join(process.env.FOLDERS, process.env.LOCKSTEP_ENVIRONMENT);
    writeFileSync(join(folder, `at-${boundary}`), String(process.pid));
    while (!existsSync(join(folder, 'go-on'))) Atomics.wait(pause, 0, 0, 20);
  },
};

process.exitCode = programs[process.env.LOCKSTEP_OPERATION](io);
