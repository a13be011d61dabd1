// oauth4webapi against the `standard` realm: the low-level client, and a resource server's
// validation of the JWT access token.
import * as oauth from 'oauth4webapi';
import { assert, check, finish, realm, rejected, secretClient } from './lib.mjs';

const issuer = realm('standard').base_url;
const issuerUrl = new URL(issuer);
// Plain http is refused by default; this is the library's documented switch for loopback.
const insecure = { [oauth.allowInsecureRequests]: true };

const authentications = {
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
};

let server;

await check('oauth4webapi: RFC 8414 discovery', async () => {
  const response = await oauth.discoveryRequest(issuerUrl, { algorithm: 'oauth2', ...insecure });
  server = await oauth.processDiscoveryResponse(issuerUrl, response);
  assert.equal(server.issuer, issuer, 'the issuer is not the base_url of the realm');
});

async function grant(method, parameters = {}, secret = undefined) {
  assert(server, 'there is no metadata');
  const { client_id, client_secret } = secretClient('standard', method);
  const client = { client_id };
  const authentication = authentications[method](secret ?? client_secret);
  const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, new URLSearchParams(parameters), insecure);
  const cacheControl = response.headers.get('cache-control');
  const answer = await oauth.processClientCredentialsResponse(server, client, response);
  return { answer, authentication, cacheControl, client };
}

function resourceRequest(token) {
  return new Request('http://resource.invalid/', { headers: { authorization: `Bearer ${token}` } });
}

for (const method of Object.keys(authentications)) {
  let granted;

  await check(`oauth4webapi: client_credentials with ${method}`, async () => {
    granted = await grant(method, { scope: secretClient('standard', method).scope });
    assert.equal(granted.answer.token_type, 'bearer', 'token_type is not Bearer');
    assert(granted.answer.expires_in > 0, `expires_in is ${granted.answer.expires_in}`);
    assert.match(granted.cacheControl ?? '', /no-store/, 'the answer lacks Cache-Control: no-store');
  });

  await check(`oauth4webapi: client_credentials without scope (${method})`, async () => {
    const { answer } = await grant(method);
    assert(answer.access_token, 'no access_token');
    assert(answer.scope, 'the scope that the server chose is not in the answer (RFC 6749 section 5.1)');
  });

  await check(`oauth4webapi: the access token of ${method} is a valid RFC 9068 JWT`, async () => {
    assert(granted, 'there is no token to validate');
    const { access_token, expires_in } = granted.answer;
    const claims = await oauth.validateJwtAccessToken(server, resourceRequest(access_token), issuer, insecure);
    assert.equal(claims.iss, issuer);
    assert.equal(claims.client_id, granted.client.client_id, 'client_id is not that of the client');
    assert.equal(claims.exp - claims.iat, expires_in, 'exp - iat differs from expires_in');
  });

  await check(`oauth4webapi: introspection and revocation with ${method}`, async () => {
    assert(granted, 'there is no token');
    const { access_token } = granted.answer;
    const { authentication, client } = granted;
    const introspect = async () => oauth.processIntrospectionResponse(server, client,
      await oauth.introspectionRequest(server, client, authentication, access_token, insecure));
    const before = await introspect();
    assert.equal(before.active, true, 'a fresh token is not active');
    assert.equal(before.client_id, client.client_id);
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, access_token, insecure));
    assert.deepEqual(await introspect(), { active: false }, 'a revoked token must answer {"active":false} and nothing else');
  });
}

await check('oauth4webapi: a token for another audience is refused', async () => {
  const { answer } = await grant('client_secret_basic');
  const error = await rejected(
    () => oauth.validateJwtAccessToken(server, resourceRequest(answer.access_token), 'https://other.invalid', insecure),
    'a token for another audience',
  );
  assert.match(error.message, /"aud"/, `expected an audience error, got: ${error.message}`);
});

await check('oauth4webapi: a wrong secret in Basic gives a challenge', async () => {
  const error = await rejected(() => grant('client_secret_basic', {}, 'wrong-secret'), 'a wrong secret');
  assert.equal(error.code, oauth.WWW_AUTHENTICATE_CHALLENGE, `expected a WWW-Authenticate challenge, got ${error.name}: ${error.message}`);
  assert.equal(error.status, 401);
  assert.equal(error.cause[0].scheme, 'basic', 'the challenge is not Basic');
  assert.equal((await error.response.json()).error, 'invalid_client');
});

await check('oauth4webapi: a wrong secret in the body gives invalid_client', async () => {
  const error = await rejected(() => grant('client_secret_post', {}, 'wrong-secret'), 'a wrong secret');
  // RFC 6749 section 5.2: 401 is allowed and a challenge may come with it.
  const code = error instanceof oauth.WWWAuthenticateChallengeError ? (await error.response.json()).error : error.error;
  assert.equal(code, 'invalid_client', `got ${error.name}: ${error.message}`);
  assert([400, 401].includes(error.status), `status is ${error.status}`);
});

await check('oauth4webapi: an unknown scope gives invalid_scope', async () => {
  const error = await rejected(() => grant('client_secret_basic', { scope: 'no.such.scope' }), 'an unknown scope');
  assert.equal(error.code, oauth.RESPONSE_BODY_ERROR, `expected an error body, got ${error.name}: ${error.message}`);
  assert.equal(error.error, 'invalid_scope');
  assert.equal(error.status, 400);
});

finish();
