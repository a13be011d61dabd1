// openid-client, jose and oauth4webapi where people log in: discovery, code with PKCE, ID token, UserInfo, refresh, logout.
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { Client } from './forms.mjs';
import { assert, check, client, finish, realm, rejected } from './lib.mjs';

const loopback = 'http://127.0.0.1:49152/callback'; // nobody listens: the forms are followed up to the redirect
const PRODUCT = 'a8548c9b-cb90-4c66-8567-d7372bb9b963';

const parties = [
  {
    name: 'standard, confidential', realm: 'standard', label: 'web', algorithm: 'ES256', authentication: oidc.ClientSecretBasic,
    scope: 'openid profile email offline_access', at: (base) => new URL(base),
  },
  {
    name: 'standard, public', realm: 'standard', label: 'native', algorithm: 'ES256', authentication: oidc.None,
    scope: 'openid profile email offline_access', redirectUri: loopback, at: (base) => new URL(base),
  },
  {
    name: 'vantage', realm: 'vantage', label: 'demo', algorithm: 'RS256', authentication: oidc.ClientSecretPost,
    scope: 'openid permissions global.wildcard offline_access', redirectUri: loopback, parameters: { productId: PRODUCT },
    at: (base) => new URL(`${base}/auth2/.well-known/openid-configuration`),
  },
];

/** Logs in and allows, by forms; where the browser would go next. */
async function comeBack(url, user, visitor = new Client()) {
  let page = await visitor.follow(await visitor.send(url));
  if (page.status === 200 && page.text.includes('name="password"')) {
    page = await visitor.follow(await visitor.submit(page, 'login', { username: user.username, password: user.password }));
  }
  if (page.status === 200) page = await visitor.follow(await visitor.submit(page, 'allow'));
  assert(page.location, `no redirect: HTTP ${page.status}`);
  return new URL(page.location);
}

for (const party of parties) {
  const own = realm(party.realm);
  const registered = client(party.realm, `client ${party.label}`, (c) => c.label === party.label);
  const redirectUri = party.redirectUri ?? registered.redirect_uris[0];
  const user = own.users[0];
  const visitor = new Client();
  const named = (what) => `openid-client (${party.name}): ${what}`;
  let config;
  let tokens;

  await check(named('discovery'), async () => {
    config = await oidc.discovery(party.at(own.base_url), registered.client_id, undefined,
      party.authentication(registered.client_secret ?? undefined), { execute: [oidc.allowInsecureRequests] });
    const metadata = config.serverMetadata();
    assert.equal(metadata.issuer, own.base_url);
    for (const [name, endpoint] of [['authorization_endpoint', 'authorization'], ['token_endpoint', 'token'],
      ['userinfo_endpoint', 'userinfo'], ['end_session_endpoint', 'end_session'], ['jwks_uri', 'jwks']]) {
      assert.equal(metadata[name], own.endpoints[endpoint], name);
    }
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert(metadata.response_types_supported.includes('code'));
    assert(metadata.id_token_signing_alg_values_supported.includes(party.algorithm), `${metadata.id_token_signing_alg_values_supported}`);
    assert(metadata.subject_types_supported?.includes('public'));
    assert(config.serverMetadata().supportsPKCE(), 'the client does not see PKCE');
  });

  await check(named('code with PKCE, state, nonce and iss'), async () => {
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri, scope: party.scope, state, nonce, ...party.parameters,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const back = await comeBack(url.href, user, visitor);
    assert.equal(back.searchParams.get('iss'), own.base_url);
    tokens = await oidc.authorizationCodeGrant(config, back, {
      pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
    });
    assert(tokens.access_token && tokens.refresh_token && tokens.claims().auth_time);
  });

  await check(named(`the ID token is ${party.algorithm}, by jose and the key set`), async () => {
    const keys = createRemoteJWKSet(new URL(own.endpoints.jwks), { [customFetch]: fetch });
    const { payload } = await jwtVerify(tokens.id_token, keys, {
      issuer: own.base_url, audience: registered.client_id, algorithms: [party.algorithm], requiredClaims: ['exp', 'iat', 'sub', 'auth_time'],
    });
    assert.equal(payload.sub, tokens.claims().sub);
    assert(decodeProtectedHeader(tokens.id_token).kid, 'there is no kid');
  });

  await check(named('UserInfo'), async () => {
    const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    if (party.realm === 'standard') assert.equal(info.name, 'Ana Azevedo');
  });

  await check(named('refresh'), async () => {
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert(renewed.access_token && renewed.access_token !== tokens.access_token);
    if (renewed.id_token) assert.equal(renewed.claims().auth_time, tokens.claims().auth_time, 'auth_time is not the login\'s');
    const info = await oidc.fetchUserInfo(config, renewed.access_token, tokens.claims().sub);
    assert.equal(info.sub, tokens.claims().sub);
    tokens = { ...tokens, refresh_token: renewed.refresh_token ?? tokens.refresh_token };
  });

  await check(named('revocation'), async () => {
    await oidc.tokenRevocation(config, tokens.refresh_token);
    const error = await rejected(() => oidc.refreshTokenGrant(config, tokens.refresh_token), 'a revoked refresh token');
    assert.equal(error.error, 'invalid_grant');
  });

  await check(named('logout, and prompt=none after it'), async () => {
    const back = party.realm === 'standard' && party.label === 'web' ? `${new URL(own.base_url).origin}/demo` : undefined;
    const url = oidc.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token, ...(back ? { post_logout_redirect_uri: back, state: 'bye' } : {}),
    });
    let page = await visitor.follow(await visitor.send(url.href));
    if (page.status === 200 && page.text.includes('value="sign_out"')) page = await visitor.follow(await visitor.submit(page, 'sign_out'));
    assert(page.status < 400, `HTTP ${page.status}`);
    const verifier = oidc.randomPKCECodeVerifier();
    const again = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri, scope: party.scope.replace(' offline_access', ''), state: 's', prompt: 'none', ...party.parameters,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const answer = await comeBack(again.href, user, visitor);
    const error = await rejected(() => oidc.authorizationCodeGrant(config, answer, { pkceCodeVerifier: verifier, expectedState: 's' }), 'a code after the logout');
    assert.equal(error.error, 'login_required');
  });
}

// oauth4webapi is strict about who answers: RFC 9207.
const own = realm('standard');
const native = client('standard', 'client native', (c) => c.label === 'native');
const insecure = { [oauth.allowInsecureRequests]: true };
const caller = { client_id: native.client_id };
let server;
let back;

await check('oauth4webapi: the authorization response has the issuer that discovery promised', async () => {
  const issuer = new URL(own.base_url);
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure }));
  assert.equal(server.authorization_response_iss_parameter_supported, true);
  const verifier = oauth.generateRandomCodeVerifier();
  const url = new URL(server.authorization_endpoint);
  for (const [name, value] of Object.entries({
    client_id: native.client_id, redirect_uri: loopback, response_type: 'code', scope: 'openid', state: 'x', nonce: 'n',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })) url.searchParams.set(name, value);
  back = await comeBack(url.href, own.users[1]);
  const parameters = oauth.validateAuthResponse(server, caller, back, 'x');
  const answer = await oauth.authorizationCodeGrantRequest(server, caller, oauth.None(), parameters, loopback, verifier, insecure);
  const result = await oauth.processAuthorizationCodeResponse(server, caller, answer, { expectedNonce: 'n', requireIdToken: true });
  assert.equal(oauth.getValidatedIdTokenClaims(result).nonce, 'n');
});

for (const [what, change] of [
  ['another issuer', (url) => url.searchParams.set('iss', 'https://evil.example')],
  ['no issuer', (url) => url.searchParams.delete('iss')],
  ['another state', (url) => url.searchParams.set('state', 'y')],
]) {
  await check(`oauth4webapi: an answer with ${what} is not believed`, async () => {
    const url = new URL(back);
    change(url);
    await rejected(async () => oauth.validateAuthResponse(server, caller, url, 'x'), `an answer with ${what}`);
  });
}

await check('oauth4webapi: UserInfo without a token is a Bearer challenge', async () => {
  const answer = await fetch(own.endpoints.userinfo);
  assert.equal(answer.status, 401);
  assert(/^Bearer/i.test(answer.headers.get('www-authenticate') ?? ''), answer.headers.get('www-authenticate'));
});

finish();
