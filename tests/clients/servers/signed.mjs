// The agent signs, at oidc-provider: client assertions (private_key_jwt), proofs of possession (DPoP) with nonces, and logins
// at another device, whose person is played by fetch. Prints "ok   NAME" or "FAIL NAME: why" for each check.
//
//   node signed.mjs PROGRAM

import Provider from 'oidc-provider';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { agent, check, configure, dialect, end, listen, secret, started } from './lib.mjs';

const kinds = {
  es256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  eddsa: () => generateKeyPairSync('ed25519'),
  rs256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ps256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const keys = Object.fromEntries(Object.entries(kinds).map(([name, make]) => [name, make()]));
const successor = kinds.es256();
const published = (key, more) => ({ ...key.publicKey.export({ format: 'jwk' }), use: 'sig', ...more });
// RFC 7638: the required members in the order of their names.
function thumbprint({ crv, e, kty, n, x, y }) {
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}
const named = (key) => published(key, { kid: thumbprint(published(key)) });
const pem = (key) => key.privateKey.export({ type: 'pkcs8', format: 'pem' });
const jwk = (key, more) => JSON.stringify({ ...key.privateKey.export({ format: 'jwk' }), ...more });

// oidc-provider needs its address before it exists.
let handle;
const proofs = [];
const front = await listen((request, response) => {
  if (request.headers.dpop) proofs.push({ url: request.url, proof: request.headers.dpop });
  handle(request, response);
});
const issuer = `http://127.0.0.1:${front.address().port}`;
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] };
const signer = (client_id, alg, keys) => ({
  ...machine, client_id, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: alg, jwks: { keys },
});
const provider = new Provider(issuer, {
  clients: [
    signer('es256', 'ES256', [named(keys.es256), named(successor)]),
    signer('eddsa', 'EdDSA', [named(keys.eddsa)]),
    signer('rs256', 'RS256', [published(keys.rs256)]),
    signer('ps256', 'PS256', [published(keys.ps256, { kid: 'registered' })]),
    { ...signer('bound', 'ES256', [named(keys.es256)]), dpop_bound_access_tokens: true },
    {
      client_id: 'television', grant_types: [DEVICE_CODE, 'refresh_token'], response_types: [], redirect_uris: [],
      token_endpoint_auth_method: 'none', application_type: 'native', dpop_bound_access_tokens: true,
    },
    { ...machine, client_id: 'inspector', client_secret: 'secret' },
  ],
  scopes: ['openid', 'offline_access', 'read'],
  ttl: { ClientCredentials: 300, AccessToken: 8, DeviceCode: 60, RefreshToken: 600, Session: 60, Interaction: 60, Grant: 600 },
  enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'EdDSA', 'RS256', 'PS256'] },
  cookies: { keys: ['a key of this test'] },
  issueRefreshToken: async () => true,
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
});
handle = provider.callback();

dialect('oidc-provider', `
[request.grants]
client_credentials = "client_credentials"
refresh_token = "refresh_token"

[client_authentication]
methods = ["private_key_jwt", "client_secret_basic", "none"]

[device_authorization]
path = "/device/auth"

[endpoints]
revocation = "/token/revocation"
`);
const block = (name, lines) => `
[provider.${name}]
dialect = "oidc-provider"
address = "${issuer}"
${lines.join('\n')}
`;
const asserting = (id, place, ...more) =>
  block(id, [`client_id = "${id}"`, `client_assertion_key = ${place}`, 'scope = "read"', ...more]);
configure([
  asserting('es256', secret('es256.pem', pem(keys.es256))),
  asserting('eddsa', secret('eddsa.json', jwk(keys.eddsa)), `client_assertion_audience = "${issuer}"`),
  asserting('rs256', secret('rs256.json', jwk(keys.rs256)), 'client_assertion_kid = ""'),
  asserting('ps256', secret('ps256.pem', pem(keys.ps256)), 'client_assertion_algorithm = "PS256"', 'client_assertion_kid = "registered"'),
  asserting('bound', secret('bound.pem', pem(keys.es256)), 'dpop = true'),
  block('television', [
    'client_id = "television"', 'grant = "device_code"', 'scope = "openid offline_access"', 'dpop = true',
    'renew = { hard_margin = "1s", ahead = "0%", ahead_min = "0s" }',
  ]),
].join('\n'));

async function inspected(token) {
  const body = new URLSearchParams({ token });
  const authorization = `Basic ${Buffer.from('inspector:secret').toString('base64')}`;
  const answer = await fetch(`${issuer}/token/introspection`, { method: 'POST', body, headers: { authorization } });
  return answer.json();
}

for (const name of Object.keys(keys)) {
  const { code, stdout, stderr } = await agent('token', name);
  check(`private_key_jwt: ${name}`, code === 0 && (await inspected(stdout)).client_id === name, stderr);
}
secret('es256.pem', pem(successor));
const renewed = await agent('token', 'es256', '--memory');
check('private_key_jwt: a key that was replaced signs the next assertion', renewed.code === 0, renewed.stderr);
secret('es256.pem', pem(kinds.es256()));
const foreign = await agent('token', 'es256', '--memory');
check('private_key_jwt: a key that nobody knows', foreign.code === 5 && foreign.stderr.includes('invalid_client'), foreign.stderr);

// --- DPoP

const claims = (jwt, part = 1) => JSON.parse(Buffer.from(jwt.split('.')[part], 'base64url'));

const bound = await agent('token', 'bound');
const told = bound.code === 0 ? await inspected(bound.stdout) : {};
const last = proofs.filter(({ url }) => url === '/token');
check('DPoP: the token request brings the nonce that was demanded, in one second request',
  last.length === 2 && !claims(last[0].proof).nonce && !!claims(last[1].proof).nonce, `${last.length} proofs`);
const jkt = last.length ? thumbprint(claims(last.at(-1).proof, 0).jwk) : '';
check('DPoP: the token is bound to the key of the proof', told.token_type === 'DPoP' && told.cnf?.jkt === jkt, JSON.stringify(told) + bound.stderr);
check('DPoP: a bare token comes with a warning', bound.stderr.includes('--method and --url'), bound.stderr);
const unproven = await agent('token', 'bound', '--format', 'header');
check('DPoP: headers without a call are refused', unproven.code === 2 && unproven.stdout === '' && unproven.stderr.includes('(DPoP)'), unproven.stderr);
const call = await agent('token', 'bound', '--json', '--method', 'POST', '--url', 'https://API.example:443/pix?x=y');
const headers = call.code === 0 ? JSON.parse(call.stdout).headers : {};
const proof = headers.DPoP ? claims(headers.DPoP) : {};
check('DPoP: headers of one call', headers.Authorization === `DPoP ${bound.stdout}` && proof.htm === 'POST'
  && proof.htu === 'https://api.example/pix' && proof.ath === createHash('sha256').update(bound.stdout).digest('base64url'), call.stderr);
check('DPoP: another program has the same key and token', !!headers.DPoP && thumbprint(claims(headers.DPoP, 0).jwk) === jkt
  && proofs.filter(({ url }) => url === '/token').length === 2, 'another key or another request');

for (const command of [['exec', '-p', 'bound', '--', 'echo', 'it ran'], ['helper', 'kubernetes', 'bound']]) {
  const given = await agent('agent', ...command);
  check(`DPoP: ${command[0]} gives no token that is worth nothing alone`,
    given.code === 3 && given.stdout === '' && given.stderr.includes('reverse proxy'), JSON.stringify(given));
}

// --- device flow: the person's half

// Fills in every form of the pages that follow each other, and says what the last one shows.
async function visit(url, choose = {}) {
  const cookies = new Map();
  let request = { method: 'GET' };
  for (let step = 0; step < 20; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { ...request, headers: { ...request.headers, cookie }, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const location = answer.headers.get('location');
    if (location) {
      [url, request] = [new URL(location, url), { method: 'GET' }];
      continue;
    }
    const page = await answer.text();
    const form = page.match(/<form[^>]*action="([^"]+)"[^>]*>(.*?)<\/form>/s);
    if (!form) return page;
    const body = new URLSearchParams();
    for (const [input] of form[2].matchAll(/<input[^>]*>/g)) {
      const name = input.match(/name="([^"]*)"/)?.[1];
      if (name) body.append(name, input.match(/value="([^"]*)"/)?.[1] ?? 'somebody');
    }
    if (body.has('confirm') && choose.abort) {
      body.delete('confirm');
      body.append('abort', 'yes');
    }
    url = new URL(form[1].replaceAll('&amp;', '&'), url);
    request = { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  }
  return 'the pages have no end';
}

// A login that runs, and the address at which its person confirms.
async function begun(...args) {
  const { child, ended } = started(['agent', 'login', 'television', ...args]);
  let shown = '';
  const address = await new Promise((resolve) => {
    child.stderr.on('data', (text) => {
      shown += text;
      const found = shown.match(/http:\/\/\S+user_code=\S+/);
      if (found) resolve(found[0]);
    });
    ended.then(() => resolve(undefined));
  });
  return { child, ended, address, shown: () => shown };
}

const nobody = await agent('token', 'television');
check('device: nobody is logged in', nobody.code === 4, nobody.stderr);
const login = await begun('--device');
check('device: code and address are shown', !!login.address && /\n {2}[A-Z]{4}-[A-Z]{4}\n/.test(login.shown()), login.shown());
const before = await agent('token', 'television');
check('device: there is no token before the person is done', before.code === 4 && before.stdout === '', before.stderr);
if (login.address) await visit(login.address);
const done = await login.ended;
check('device: the person has logged in', done.code === 0 && done.stderr.includes('logged in'), done.stderr);

async function userinfo(...more) {
  const printed = await agent('token', 'television', '--json', '--url', `${issuer}/me`, ...more);
  if (printed.code !== 0) return { status: 0, stderr: printed.stderr };
  const document = JSON.parse(printed.stdout);
  const answer = await fetch(`${issuer}/me`, { headers: document.headers });
  const nonce = answer.headers.get('dpop-nonce');
  return { status: answer.status, nonce, token: document.access_token, body: await answer.text(), stderr: printed.stderr };
}

const challenge = await userinfo();
check('device, DPoP: the API wants its nonce', challenge.status === 401 && !!challenge.nonce, JSON.stringify(challenge));
const me = await userinfo('--dpop-nonce', challenge.nonce ?? 'none');
check('device, DPoP: the API takes token and proof', me.status === 200 && JSON.parse(me.body).sub === 'somebody', JSON.stringify(me));
const stolen = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${me.token}` } });
check('device, DPoP: the token alone is worth nothing', stolen.status === 401, stolen.status);
await new Promise((resolve) => { setTimeout(resolve, 8_500); });
const later = await userinfo('--dpop-nonce', me.nonce ?? challenge.nonce ?? 'none');
check('device, DPoP: the session is refreshed with the same key', later.status === 200 && later.token !== me.token, JSON.stringify(later));
const out = await agent('agent', 'logout', 'television');
check('device: logged out at the provider, too', out.code === 0 && out.stderr.includes('here and at the provider'), out.stderr);

const refused = await begun();
if (refused.address) await visit(refused.address, { abort: true });
const no = await refused.ended;
check('device: the person refuses', no.code === 5 && no.stderr.includes('refused at the other device'), no.stderr);
const interrupted = await begun();
interrupted.child.kill('SIGINT');
const stopped = await interrupted.ended;
check('device: Ctrl-C ends it, and nothing is kept', stopped.code === 130 && stopped.stderr.includes('nothing was kept')
  && (await agent('token', 'television')).code === 4, stopped.stderr);
const impatient = await agent('agent', 'login', 'television', '--timeout', '1s');
check('device: nobody comes', impatient.code === 8, impatient.stderr);

front.closeAllConnections();
front.close();
end();
