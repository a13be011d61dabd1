// openid-client against the `standard` realm: the high-level client.
import * as oidc from 'openid-client';
import { assert, check, finish, realm, rejected, secretClient } from './lib.mjs';

const issuer = realm('standard').base_url;
const origin = new URL(issuer).origin;
const path = new URL(issuer).pathname.replace(/\/$/, '');
// Plain http is refused by default; this is the library's documented switch for loopback.
const insecure = { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] };

const authentications = {
  client_secret_basic: oidc.ClientSecretBasic,
  client_secret_post: oidc.ClientSecretPost,
};

function discover(method, secret, server = issuer) {
  const { client_id, client_secret } = secretClient('standard', method);
  const authentication = authentications[method](secret ?? client_secret);
  return oidc.discovery(new URL(server), client_id, undefined, authentication, insecure);
}

for (const [what, server] of [
  ['issuer URL (path after the well-known part)', issuer],
  ['well-known URL (path inserted)', `${origin}/.well-known/oauth-authorization-server${path}`],
  ['well-known URL (appended to the base URL)', `${issuer}/.well-known/oauth-authorization-server`],
]) {
  await check(`openid-client: discovery by ${what}`, async () => {
    const metadata = (await discover('client_secret_basic', undefined, server)).serverMetadata();
    assert.equal(metadata.issuer, issuer, 'the issuer is not the base_url of the realm');
    for (const name of ['token_endpoint', 'jwks_uri', 'introspection_endpoint', 'revocation_endpoint']) {
      assert(metadata[name]?.startsWith(`${origin}/`), `${name} is ${metadata[name]}`);
    }
    assert.equal(metadata.token_endpoint, realm('standard').endpoints.token, 'token_endpoint differs from sandbox.json');
    assert(metadata.grant_types_supported?.includes('client_credentials'), 'grant_types_supported lacks client_credentials');
    for (const method of Object.keys(authentications)) {
      assert(metadata.token_endpoint_auth_methods_supported?.includes(method), `token_endpoint_auth_methods_supported lacks ${method}`);
    }
  });
}

for (const method of Object.keys(authentications)) {
  const { client_id, scope } = secretClient('standard', method);
  let config;
  let token;

  await check(`openid-client: client_credentials with ${method}`, async () => {
    config = await discover(method);
    const answer = await oidc.clientCredentialsGrant(config, { scope });
    assert.equal(answer.token_type, 'bearer', 'token_type is not Bearer');
    assert(Number.isInteger(answer.expires_in) && answer.expires_in > 0, `expires_in is ${answer.expires_in}`);
    if (answer.scope !== undefined) {
      assert.deepEqual(answer.scope.split(' ').sort(), scope.split(' ').sort(), 'the granted scope differs from the requested one');
    }
    token = answer.access_token;
  });

  await check(`openid-client: introspection with ${method}`, async () => {
    assert(token, 'there is no token to introspect');
    const answer = await oidc.tokenIntrospection(config, token);
    assert.equal(answer.active, true, 'a fresh token is not active');
    assert.equal(answer.client_id, client_id, 'client_id is not that of the client');
    assert(answer.exp > Date.now() / 1000, `exp is ${answer.exp}`);
  });

  await check(`openid-client: revocation with ${method}`, async () => {
    assert(token, 'there is no token to revoke');
    await oidc.tokenRevocation(config, token);
    const answer = await oidc.tokenIntrospection(config, token);
    assert.deepEqual(answer, { active: false }, 'a revoked token must answer {"active":false} and nothing else');
    await oidc.tokenRevocation(config, token); // RFC 7009: again is no error
  });
}

await check('openid-client: an unknown token introspects as inactive', async () => {
  const config = await discover('client_secret_basic');
  assert.equal((await oidc.tokenIntrospection(config, 'no-such-token')).active, false);
});

await check('openid-client: a wrong secret in Basic gives a challenge', async () => {
  const config = await discover('client_secret_basic', 'wrong-secret');
  const error = await rejected(() => oidc.clientCredentialsGrant(config), 'a wrong secret');
  assert(error instanceof oidc.WWWAuthenticateChallengeError, `expected a WWW-Authenticate challenge, got ${error.name}: ${error.message}`);
  assert.equal(error.status, 401);
  assert.equal(error.cause[0].scheme, 'basic', 'the challenge is not Basic');
  assert.equal((await error.response.json()).error, 'invalid_client');
});

await check('openid-client: an unknown scope gives invalid_scope', async () => {
  const config = await discover('client_secret_basic');
  const error = await rejected(() => oidc.clientCredentialsGrant(config, { scope: 'no.such.scope' }), 'an unknown scope');
  assert(error instanceof oidc.ResponseBodyError, `expected an error body, got ${error.name}: ${error.message}`);
  assert.equal(error.error, 'invalid_scope');
  assert.equal(error.status, 400);
});

finish();
