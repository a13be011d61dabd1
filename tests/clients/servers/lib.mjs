// What the scripts of this folder share: the agent as a program with a folder of its own, and checks that are printed.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.argv[2];
export const folder = mkdtempSync(join(tmpdir(), 'chancela-servers-'));
let failed = false;

export function check(name, good, why = '') {
  console.log(good ? `ok   ${name}` : `FAIL ${name}: ${why}`);
  failed ||= !good;
}

// Runs the agent.
export function agent(...args) {
  return started(args).ended;
}


// The same, with the process while it runs.
export function started(args) {
  const env = { ...process.env, CHANCELA_AGENT_CONFIG: join(folder, 'agent.toml'), XDG_STATE_HOME: join(folder, 'state') };
  let child;
  const ended = new Promise((resolve) => {
    child = execFile(program, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
    });
  });
  return { child, ended };
}

export function listen(handler) {
  return new Promise((resolve) => {
    const server = createServer(handler);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

// A file of the folder that only this user reads; its place as a configuration has it.
export function secret(name, text) {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return `"file:${join(folder, name)}"`;
}

export function dialect(name, tables) {
  mkdirSync(join(folder, 'dialects'), { recursive: true });
  writeFileSync(join(folder, 'dialects', `${name}.toml`), `
format = 1
name = "${name}"
title = "${name}"
sources = ["its documentation"]

[environments.local]

[token_endpoint.token]
paths = ["/token"]
${tables}`);
}

export function configure(providers) {
  writeFileSync(join(folder, 'agent.toml'), `
dialects = "${join(folder, 'dialects')}"

[cache]
key = ${secret('cache.key', '0123456789abcdef'.repeat(4))}
${providers}`);
}

export function end() {
  rmSync(folder, { recursive: true });
  process.exit(failed ? 1 : 0);
}
