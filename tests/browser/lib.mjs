// What the scripts share: a sandbox of their own, a browser, an application that waits for its answers, and checks.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const program = process.env.CHANCELA_PROGRAM;
if (!program) {
  console.log('FAIL browser: CHANCELA_PROGRAM must name the program under test');
  process.exit(2);
}
const only = process.argv[2]; // a part of a check's name, for working on one

/** What is asked of a page takes this long at most. */
export const PATIENCE = 10_000;

// ---------------------------------------------------------------- checks

let failed = 0;
const cleanups = [];

/** Runs one check and prints one line. */
export async function check(name, body) {
  if (only && !name.includes(only)) return;
  const opened = [];
  try {
    await body({ open: (options) => openContext(options, opened) });
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    const where = await describePages(opened);
    console.log(`FAIL ${name}: ${oneLine(error)}${where}`);
  } finally {
    for (const context of opened) await context.close().catch(() => {});
  }
}

/** Ends the script: the sandbox must end by itself, and well. */
export async function finish() {
  for (const cleanup of cleanups.reverse()) {
    try {
      await cleanup();
    } catch (error) {
      failed += 1;
      console.log(`FAIL the end: ${oneLine(error)}`);
    }
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

function oneLine(error) {
  return `${error?.message ?? error}`.replace(/\s+/g, ' ').slice(0, 500);
}

async function describePages(contexts) {
  const parts = [];
  for (const page of contexts.flatMap((context) => context.pages())) {
    const text = await page.locator('body').innerText({ timeout: 1000 }).catch(() => '');
    parts.push(` | at ${page.url().slice(0, 160)}: ${text.replace(/\s+/g, ' ').slice(0, 200)}`);
    if (process.env.CHANCELA_BROWSER_SHOTS) {
      await page.screenshot({ path: join(process.env.CHANCELA_BROWSER_SHOTS, `failed-${Date.now()}.png`) }).catch(() => {});
    }
  }
  return parts.join('');
}

// ---------------------------------------------------------------- the sandbox

/** A sandbox of this script's own, on ports that the system chooses, at `localhost`: a secure context with passkeys. */
export async function startSandbox(...more) {
  const data = mkdtempSync(join(tmpdir(), 'chancela-browser-'));
  const options = ['--listen', '127.0.0.1:0', '--host', 'localhost', '--danger-clock-control', '--json', '--data', data];
  const child = spawn(program, ['sandbox', ...options, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let log = '';
  child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  const description = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the sandbox said nothing in 60 s: ${log}`)), 60_000);
    child.on('exit', () => reject(new Error(`the sandbox ended: ${log}`)));
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      try {
        resolve(JSON.parse(printed));
        clearTimeout(timer);
      } catch {
        // Not all of it is there.
      }
    });
  });
  cleanups.push(async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const status = await ended;
    clearTimeout(timer);
    rmSync(data, { recursive: true, force: true });
    assert.equal(status, 0, `the sandbox ended with ${status}: ${log}`);
  });
  return new Sandbox(description, data);
}

class Sandbox {
  constructor(description, data) {
    this.description = description;
    this.data = data;
    this.origin = new URL(description.realms.standard.base_url).origin;
    this.added = 0;
  }

  realm(name) {
    const found = this.description.realms[name];
    assert(found, `sandbox.json has no realm ${name}`);
    return found;
  }

  client(realm, label) {
    const found = this.realm(realm).clients.find((client) => client.label === label);
    assert(found, `sandbox.json: realm ${realm} has no client ${label}`);
    return found;
  }

  /** Now, by the sandbox's clock, in seconds. */
  now() {
    return Math.floor(Date.now() / 1000) + this.added;
  }

  async advance(seconds) {
    const answer = await fetch(`${this.origin}/_sandbox/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ advance_seconds: seconds }),
    });
    assert.equal(answer.status, 200, 'the clock did not move');
    this.added += seconds;
  }

  /** An administration command. */
  cli(command, input = '') {
    const done = spawnSync(program, [...command, '--data', this.data, '--json'], { input, encoding: 'utf8' });
    assert.equal(done.status, 0, `chancela ${command.join(' ')}: ${done.stderr}`);
    return done.stdout ? JSON.parse(done.stdout) : null;
  }

  /** A user of this check alone. */
  newUser(realm, claims) {
    const username = `user-${randomBytes(5).toString('hex')}@example.com`;
    const password = `Senha-${randomBytes(9).toString('base64url')}`;
    this.cli(['user', 'create', '--realm', realm, username], `${password}\n`);
    return { username, password, ...claims };
  }

  /** A client of this check alone, from its metadata. */
  newClient(realm, metadata) {
    const made = this.cli(['client', 'import', '--realm', realm, '-'], JSON.stringify(metadata));
    return { ...metadata, ...made };
  }
}

// ---------------------------------------------------------------- the application

/** An application on a port of its own that remembers how it was called. */
export async function startApplication() {
  const calls = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const url = new URL(request.url, `http://${request.headers.host}`);
      calls.push({ method: request.method, url, body: new URLSearchParams(body), headers: request.headers });
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(application.page ?? '<!doctype html><html lang="en"><title>Back</title><main><h1>Back</h1></main></html>');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const application = { origin, redirectUri: `${origin}/callback`, calls, page: null };
  return application;
}

export function pkce() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** An authorization request of a client: its address, and what its end needs to know. */
export function authorization(realm, client, redirectUri, parameters = {}) {
  const { verifier, challenge } = pkce();
  const state = randomBytes(8).toString('base64url');
  const all = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    scope: 'openid',
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...parameters,
  };
  const url = new URL(realm.endpoints.authorization);
  for (const [name, value] of Object.entries(all)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return { url: url.href, verifier, state, redirectUri };
}

/** A request to the token endpoint with the client's own method. */
export async function tokenRequest(realm, client, fields) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams(fields);
  if (client.token_endpoint_auth_method === 'client_secret_basic') {
    const pair = `${encodeURIComponent(client.client_id)}:${encodeURIComponent(client.client_secret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else {
    body.set('client_id', client.client_id);
    if (client.client_secret) body.set('client_secret', client.client_secret);
  }
  const answer = await fetch(realm.endpoints.token, { method: 'POST', headers, body });
  return { status: answer.status, json: await answer.json() };
}

/** The tokens of a code. */
export async function redeem(realm, client, request, code, more = {}) {
  return tokenRequest(realm, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: request.redirectUri,
    code_verifier: request.verifier,
    ...more,
  });
}

/** The claims of a JWT; its signature is for others to check. */
export function claims(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
}

// ---------------------------------------------------------------- the browser

let browser;

async function openContext(options, opened) {
  if (!browser) {
    const args = ['--disable-dev-shm-usage'];
    // Chromium's own sandbox needs a user that is not root.
    if (process.getuid() === 0) args.push('--no-sandbox');
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    browser = await chromium.launch({ executablePath, args });
    cleanups.push(() => browser.close());
  }
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(PATIENCE);
  opened.push(context);
  return context;
}

/** Presses the button with this value. */
export async function press(page, value) {
  await page.locator(`button[value="${value}"]`).first().click();
}

/** Fills the login form and sends it. */
export async function logIn(page, user) {
  await page.locator('#username').fill(user.username);
  await page.locator('#password').fill(user.password);
  await press(page, 'login');
}

/** Where the browser came back to the application. */
export async function comesBack(page, request) {
  await page.waitForURL((url) => url.href.startsWith(request.redirectUri), { timeout: PATIENCE });
  return new URL(page.url()).searchParams;
}

/** A whole login with consent; the code's parameters. */
export async function authorize(page, request, user) {
  await page.goto(request.url);
  await logIn(page, user);
  await page.locator('button[value="allow"]').waitFor();
  await press(page, 'allow');
  return comesBack(page, request);
}

/** Expects the login page. */
export async function seesLogin(page) {
  await page.locator('#password').waitFor();
}

/** An authenticator without a device, for this page. */
export async function virtualAuthenticator(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    credentials: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    verified: (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

/** The six digits of RFC 6238 for a base32 secret. */
export function totp(secret, seconds) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of secret.replace(/[\s=]/g, '').toUpperCase()) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export { Client } from './forms.mjs';
export { assert };
