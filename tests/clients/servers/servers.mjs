// The agent obtains and renews tokens of authorization servers that are not ours: oidc-provider and oauth2-mock-server.
// Prints "ok   NAME" or "FAIL NAME: why" for each check.
//
//   node servers.mjs PROGRAM

import { OAuth2Server } from 'oauth2-mock-server';
import Provider from 'oidc-provider';
import { agent, check, configure, dialect, end, listen, secret } from './lib.mjs';

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

const methods = (names) => `
[request.grants]
client_credentials = "client_credentials"

[client_authentication]
methods = ["${names.join('", "')}"]
basic_encoding = "form"
`;
dialect('oidc-provider', methods(['client_secret_basic', 'client_secret_post']));
dialect('mock', methods(['client_secret_basic']));
const basicSecret = secret('basic.secret', 'secret of client_secret_basic: +/%&');
const postSecret = secret('post.secret', 'secret of client_secret_post: +/%&');
const block = (name, dialect, address, method, secret, scope = 'read') => `
[provider.${name}]
dialect = "${dialect}"
address = "${address}"
client_id = "${method}"
client_secret = ${secret}
method = "${method}"
scope = "${scope}"
`;
configure(`
${block('basic', 'oidc-provider', issuer, 'client_secret_basic', basicSecret)}
${block('shared', 'oidc-provider', issuer, 'client_secret_basic', basicSecret, 'write')}
${block('post', 'oidc-provider', issuer, 'client_secret_post', postSecret)}
${block('mock', 'mock', mock.issuer.url, 'client_secret_basic', basicSecret)}
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
// A token that nobody has asked for yet (the same client's of another scope): whatever the machine's speed, one of the eight must ask and
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
secret('post.secret', 'wrong');
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
end();
