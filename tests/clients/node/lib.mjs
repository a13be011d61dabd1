// What the Node scripts share: reading /sandbox.json and reporting checks.
import assert from 'node:assert/strict';

const base = (process.argv[2] ?? '').replace(/\/+$/, '');
if (!base) {
  console.log('FAIL node: give the URL of a running sandbox, for example http://127.0.0.1:8080');
  process.exit(2);
}

async function load() {
  const response = await fetch(`${base}/sandbox.json`);
  if (response.status !== 200) throw new Error(`it answered ${response.status}`);
  return response.json();
}

const sandbox = await load().catch((error) => {
  console.log(`FAIL node: ${base}/sandbox.json cannot be read: ${oneLine(error)}`);
  process.exit(2);
});

let failed = 0;

/** Runs one check and prints one line. */
export async function check(name, body) {
  try {
    await body();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${oneLine(error)}`);
  }
}

export function finish() {
  process.exitCode = failed === 0 ? 0 : 1;
}

function oneLine(error) {
  const parts = [];
  for (let e = error; e && parts.length < 3; e = e.cause) {
    if (!(e instanceof Error)) {
      parts.push(e instanceof Response ? `HTTP ${e.status}` : JSON.stringify(e));
      break;
    }
    parts.push(e.code && e.code !== 'ERR_ASSERTION' ? `${e.message} [${e.code}]` : e.message);
    if (e.code === 'ERR_ASSERTION') break;
  }
  return parts.join(' <- ').replace(/\s+/g, ' ').slice(0, 400);
}

export function realm(name) {
  const found = sandbox.realms?.[name];
  assert(found, `sandbox.json has no realm ${name}`);
  return found;
}

/** The first client that `wanted` accepts; `what` completes the error message. */
export function client(realmName, what, wanted) {
  const found = realm(realmName).clients.find(wanted);
  assert(found, `sandbox.json: realm ${realmName} has no ${what}`);
  return found;
}

/**
 * A client that may use client_credentials with a secret. One that is registered for `method`
 * comes first; otherwise any other with a secret, as a server may let one client use both methods.
 */
export function secretClient(realmName, method) {
  const usable = (c) => c.client_secret && c.scope && c.grant_types.includes('client_credentials');
  return (
    realm(realmName).clients.find((c) => usable(c) && c.token_endpoint_auth_method === method) ??
    client(realmName, `client with a secret and client_credentials (${method})`, usable)
  );
}

/** The endpoint of a realm whose URL ends in `suffix`, whatever its key is. */
export function endpoint(realmName, suffix) {
  const found = Object.values(realm(realmName).endpoints).find((url) => url.endsWith(suffix));
  assert(found, `sandbox.json: realm ${realmName} has no endpoint that ends in ${suffix}`);
  return found;
}

/** Expects `call` to reject and returns the error. */
export async function rejected(call, what) {
  let value;
  try {
    value = await call();
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({
    message: `${what} was accepted, with ${JSON.stringify(value)?.slice(0, 120)}`,
  });
}

export { assert };
