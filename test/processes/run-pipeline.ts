/** The real command in a folder, without a sandbox around it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { binary, type Ended } from './stage.ts';

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** @param input its standard input */
export function startPipeline(folder: string, args: readonly string[], input = ''): Running {
  return start(folder, process.execPath, [binary, ...args], input);
}

export function pipeline(folder: string, args: readonly string[], input = ''): Promise<Ended> {
  return startPipeline(folder, args, input).ended;
}

/** A line of shell, in which `pipeline` is the command. */
export function shell(folder: string, line: string): Promise<Ended> {
  const alias = `pipeline() { '${process.execPath}' '${binary}' "$@"; }`;
  return start(folder, 'bash', ['-c', `${alias}\n${line}`], '').ended;
}

function start(folder: string, program: string, args: readonly string[], input: string): Running {
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, CI: 'true' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code, signal) => done({ exit: signal ?? code ?? -1, stdout, stderr }));
  });
  return { process: child, ended };
}
