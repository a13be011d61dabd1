// The agent obtains and renews tokens of authorization servers that are not ours: oidc-provider and oauth2-mock-server.
// Prints "ok   NAME" or "FAIL NAME: why" for each check.
//
//   node servers.mjs PROGRAM

import { OAuth2Server } from 'oauth2-mock-server';
import Provider from 'oidc-provider';
import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'chancela-servers-'));
let failed = false;

function check(name, good, why = '') {
  console.log(good ? `ok   ${name}` : `FAIL ${name}: ${why}`);
  failed ||= !good;
}

function agent(...args) {
  const env = { ...process.env, CHANCELA_AGENT_CONFIG: join(folder, 'agent.toml'), XDG_STATE_HOME: join(folder, 'state') };
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });
}

function listen(handler) {
  return new Promise((resolve) => {
    const server = createServer(handler);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

// oidc-provider needs its address before it exists.
let handle;
let tokenRequests = 0;
const front = await listen((request, response) => {
  tokenRequests += request.url === '/token';
  handle(request, response);
});
const issuer = `http://127.0.0.1:${front.address().port}`;
const provider = new Provider(issuer, {
  clients: ['client_secret_basic', 'client_secret_post'].map((method) => ({
    client_id: method,
    client_secret: `secret of ${method}: +/%&`,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: method,
  })),
  scopes: ['read', 'write'],
  ttl: { ClientCredentials: 30 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
  },
});
handle = provider.callback();

const mock = new OAuth2Server();
await mock.issuer.keys.generate('RS256');
await mock.start(0, '127.0.0.1');

mkdirSync(join(folder, 'dialects'));
const dialect = (name, methods) => writeFileSync(join(folder, 'dialects', `${name}.toml`), `
format = 1
name = "${name}"
title = "${name}"
sources = ["its documentation"]

[environments.local]

[token_endpoint.token]
paths = ["/token"]

[request.grants]
client_credentials = "client_credentials"

[client_authentication]
methods = ["${methods.join('", "')}"]
basic_encoding = "form"
`);
dialect('oidc-provider', ['client_secret_basic', 'client_secret_post']);
dialect('mock', ['client_secret_basic']);
writeFileSync(join(folder, 'basic.secret'), 'secret of client_secret_basic: +/%&', { mode: 0o600 });
writeFileSync(join(folder, 'post.secret'), 'secret of client_secret_post: +/%&', { mode: 0o600 });
writeFileSync(join(folder, 'cache.key'), '0123456789abcdef'.repeat(4), { mode: 0o600 });
const block = (name, dialect, address, method, secret) => `
[provider.${name}]
dialect = "${dialect}"
address = "${address}"
client_id = "${method}"
client_secret = "file:${join(folder, secret)}"
method = "${method}"
scope = "read"
`;
writeFileSync(join(folder, 'agent.toml'), `
dialects = "${join(folder, 'dialects')}"

[cache]
key = "file:${join(folder, 'cache.key')}"
${block('basic', 'oidc-provider', issuer, 'client_secret_basic', 'basic.secret')}
${block('shared', 'oidc-provider', issuer, 'client_secret_basic', 'basic.secret')}
${block('post', 'oidc-provider', issuer, 'client_secret_post', 'post.secret')}
${block('mock', 'mock', mock.issuer.url, 'client_secret_basic', 'basic.secret')}
`);

async function active(token) {
  const body = new URLSearchParams({ token, client_id: 'client_secret_post', client_secret: 'secret of client_secret_post: +/%&' });
  const answer = await fetch(`${issuer}/token/introspection`, { method: 'POST', body });
  return (await answer.json()).active;
}

for (const name of ['basic', 'post']) {
  const { code, stdout, stderr } = await agent('token', name);
  check(`oidc-provider: ${name}`, code === 0 && (await active(stdout)), stderr || stdout);
  const again = await agent('token', name);
  check(`oidc-provider: ${name}: it is kept`, again.stdout === stdout, again.stderr);
}
// A provider that nobody has asked yet: whatever the machine's speed, one of the eight must ask and
// seven must not.
const before = tokenRequests;
const all = await Promise.all(Array.from({ length: 8 }, () => agent('token', 'shared')));
const tokens = new Set(all.map(({ stdout }) => stdout));
check('oidc-provider: eight programs share one request', tokens.size === 1 && tokenRequests === before + 1,
  `${tokens.size} tokens, ${tokenRequests - before} requests: ${all.map(({ stderr }) => stderr).join(' ')}`);
check('oidc-provider: it is good', await active([...tokens][0]), 'not active');

const narrower = await agent('token', 'post', '--scope', 'read nonsense', '--json');
check('oidc-provider: it grants less than was asked for, and that is said',
  narrower.code === 0 && JSON.parse(narrower.stdout).scope === 'read', narrower.stderr || narrower.stdout);
writeFileSync(join(folder, 'post.secret'), 'wrong', { mode: 0o600 });
const refused = await agent('token', 'post', '--memory');
check('oidc-provider: a wrong secret', refused.code === 5 && refused.stderr.includes('invalid_client'), refused.stderr);

const first = await agent('token', 'mock', '--json');
check('oauth2-mock-server', first.code === 0 && JSON.parse(first.stdout).access_token.startsWith('eyJ'), first.stderr);
mock.service.once('beforeResponse', (response) => {
  response.body.expires_in = '120';
  delete response.body.token_type;
  response.body.scope = ['read', 'write'];
});
const odd = await agent('token', 'mock', '--memory', '--json');
const life = odd.code === 0 && JSON.parse(odd.stdout).expires_in;
check('oauth2-mock-server: a life as text, no type, scopes as an array', life > 110 && life <= 120, odd.stderr || odd.stdout);
let failures = 2;
mock.service.on('beforeResponse', (response) => {
  if (failures-- > 0) {
    response.statusCode = 503;
    response.body = { error: 'temporarily_unavailable' };
  }
});
const patient = await agent('token', 'mock', '--memory');
check('oauth2-mock-server: two failures are waited through', patient.code === 0 && failures < 0, patient.stderr);

await mock.stop();
front.closeAllConnections();
front.close();
rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
