// The provider's documented flow, whole: authorize, log in, allow, exchange, renew until the thirty days end. And a
// neighbour's ten minutes.
import {
  assert, authorization, authorize, check, claims, comesBack, finish, logIn, press, redeem, seesLogin, startApplication,
  startSandbox, tokenRequest,
} from './lib.mjs';

const DAY = 86_400;
const sandbox = await startSandbox();
const application = await startApplication();
const realm = sandbox.realm('vantage');
const client = sandbox.client('vantage', 'demo');
const [alice, bruno] = realm.users;
const scope = 'openid permissions global.wildcard';
const productId = 'a8548c9b-cb90-4c66-8567-d7372bb9b963';
const request = (more) => authorization(realm, client, application.redirectUri, { scope, productId, ...more });

const sentences = {
  'pt-BR': [
    'Gerenciar catálogos de dados no tenant do Vantage em nome do usuário',
    'Acessar skills no tenant do Vantage em nome do usuário',
    'Criar e acessar transações do Vantage em nome do usuário',
  ],
};

let refreshToken;
let granted;

await check('vantage: authorize, log in, consent with the three sentences, code, tokens', async ({ open }) => {
  const page = await (await open({ locale: 'pt-BR' })).newPage();
  const one = request();
  await page.goto(one.url);
  await seesLogin(page);
  assert.equal(await page.locator('html').getAttribute('lang'), 'pt-BR');
  await logIn(page, alice);
  await page.locator('button[value="allow"]').waitFor();
  const text = await page.locator('main').innerText();
  for (const sentence of sentences['pt-BR']) assert(text.includes(sentence), `the consent page does not say: ${sentence}; it says: ${text}`);
  assert(text.includes('Alice Almeida'), 'the consent page does not say who is logged in');
  await press(page, 'allow');
  const back = await comesBack(page, one);
  assert.equal(back.get('state'), one.state);
  assert.equal(back.get('iss'), realm.base_url, 'iss is not the issuer (RFC 9207)');
  assert.deepEqual(back.get('scope')?.split(' ').sort(), scope.split(' ').sort());
  assert(back.get('session_state'), 'there is no session_state');
  assert(back.get('code'), 'there is no code');
  const answer = await redeem(realm, client, one, back.get('code'), { scope: `${scope} offline_access` });
  assert.equal(answer.status, 200, JSON.stringify(answer.json));
  assert.equal(answer.json.token_type, 'Bearer');
  assert.equal(answer.json.expires_in, DAY);
  assert(answer.json.refresh_token, 'offline_access at the exchange gave no refresh token');
  assert(answer.json.id_token, 'there is no ID token');
  granted = claims(answer.json.access_token);
  assert(granted.scope, 'the access token has no scope');
  const id = claims(answer.json.id_token);
  assert.equal(id.iss, realm.base_url);
  assert.equal([id.aud].flat()[0], client.client_id);
  assert.equal(JSON.parse(Buffer.from(answer.json.id_token.split('.')[0], 'base64url')).alg, 'RS256');
  refreshToken = answer.json.refresh_token;
});

await check('vantage: a code is good once, and its second use ends what the first one issued', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request({ scope: `${scope} offline_access` });
  const back = await authorize(page, one, bruno);
  const first = await redeem(realm, client, one, back.get('code'));
  assert.equal(first.status, 200, JSON.stringify(first.json));
  assert(first.json.refresh_token, 'offline_access in the authorization request gave no refresh token');
  const again = await redeem(realm, client, one, back.get('code'));
  assert.equal(again.json.error, 'invalid_grant');
  const dead = await tokenRequest(realm, client, { grant_type: 'refresh_token', refresh_token: first.json.refresh_token });
  assert.equal(dead.json.error, 'invalid_grant', 'the refresh token of a replayed code still works');
});

await check('vantage: without offline_access there is no refresh token, and consent is remembered', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request();
  await page.goto(one.url);
  await logIn(page, alice);
  const back = await comesBack(page, one);
  const answer = await redeem(realm, client, one, back.get('code'));
  assert.equal(answer.status, 200, JSON.stringify(answer.json));
  assert.equal(answer.json.refresh_token, undefined);
});

for (const [what, parameters, error] of [
  ['without productId', { productId: null }, 'invalid_request'],
  ['with another productId', { productId: 'b8548c9b-cb90-4c66-8567-d7372bb9b963' }, 'invalid_request'],
  ['with less scope than documented', { scope: 'openid' }, 'invalid_scope'],
]) {
  await check(`vantage: a request ${what} is refused at the application`, async ({ open }) => {
    const page = await (await open()).newPage();
    const one = request(parameters);
    await page.goto(one.url);
    const back = await comesBack(page, one);
    assert.equal(back.get('error'), error);
    assert.equal(back.get('state'), one.state);
    assert.equal(back.get('code'), null);
  });
}

await check('vantage: a redirect URI that is not registered stays on a page of ours', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = authorization(realm, client, 'https://evil.example/callback', { scope, productId });
  const answer = await page.goto(one.url);
  assert.equal(answer.status(), 400);
  assert(page.url().startsWith(sandbox.origin), `the browser is at ${page.url()}`);
});

await check('vantage: the provider\'s address without a realm\'s path works too (root_url)', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request();
  await page.goto(one.url.replace(realm.base_url, realm.root_url));
  await logIn(page, alice);
  const back = await comesBack(page, one);
  assert(back.get('code'), 'there is no code');
});

// From here on the clock moves.

await check('vantage: the refresh token renews for thirty days from the login, and then no more', async () => {
  assert(refreshToken, 'there is no refresh token to renew with');
  const renew = () => tokenRequest(realm, client, { grant_type: 'refresh_token', refresh_token: refreshToken });
  for (let day = 0; day < 29; day += 7) {
    const answer = await renew();
    assert.equal(answer.status, 200, `on day ${day}: ${JSON.stringify(answer.json)}`);
    assert.equal(answer.json.expires_in, DAY, `on day ${day}`);
    const now = claims(answer.json.access_token);
    assert.equal(now.sub, granted.sub);
    assert(Math.abs(now.iat - sandbox.now()) < 60, `on day ${day} iat is ${now.iat}`);
    if (answer.json.refresh_token) refreshToken = answer.json.refresh_token;
    await sandbox.advance(7 * DAY);
  }
  // Day 35 by now would be too late; the loop ends on day 35.
  const late = await renew();
  assert.equal(late.status, 400);
  assert.equal(late.json.error, 'invalid_grant');
});

await check('vantage: a renewal on the thirtieth day does not prolong anything', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request({ scope: `${scope} offline_access` });
  const back = await authorize(page, one, bruno).catch(async () => comesBack(page, one));
  const first = await redeem(realm, client, one, back.get('code'));
  assert.equal(first.status, 200, JSON.stringify(first.json));
  await sandbox.advance(30 * DAY - 120);
  const last = await tokenRequest(realm, client, { grant_type: 'refresh_token', refresh_token: first.json.refresh_token });
  assert.equal(last.status, 200, `two minutes before the end: ${JSON.stringify(last.json)}`);
  await sandbox.advance(180);
  for (const token of [first.json.refresh_token, last.json.refresh_token].filter(Boolean)) {
    const after = await tokenRequest(realm, client, { grant_type: 'refresh_token', refresh_token: token });
    assert.equal(after.json.error, 'invalid_grant', 'a refresh token lived on after thirty days');
  }
});

await check('vantage: a code dies after its five minutes', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request();
  await page.goto(one.url);
  await logIn(page, alice);
  const back = await comesBack(page, one);
  await sandbox.advance(301);
  const answer = await redeem(realm, client, one, back.get('code'));
  assert.equal(answer.json.error, 'invalid_grant');
});

await check('bs2: a code without PKCE, as documented, and refresh tokens that live ten minutes and are renewed before', async ({ open }) => {
  const bs2 = sandbox.realm('bs2');
  const own = sandbox.client('bs2', 'demo');
  const page = await (await open({ locale: 'pt-BR' })).newPage();
  const one = authorization(bs2, own, application.redirectUri, {
    scope: 'cob.read pix.read', code_challenge: null, code_challenge_method: null,
  });
  const back = await authorize(page, one, bs2.users[0]);
  const first = await tokenRequest(bs2, own, { grant_type: 'authorization_code', code: back.get('code'), redirect_uri: one.redirectUri });
  assert.equal(first.status, 200, JSON.stringify(first.json));
  assert.deepEqual([first.json.expires_in, first.json.id_token], [420, undefined]);
  const renew = (token) => tokenRequest(bs2, own, { grant_type: 'refresh_token', refresh_token: token });
  let token = first.json.refresh_token;
  for (let times = 0; times < 3; times += 1) {
    await sandbox.advance(9 * 60);
    const answer = await renew(token);
    assert.equal(answer.status, 200, `after ${9 * (times + 1)} minutes: ${JSON.stringify(answer.json)}`);
    assert.notEqual(answer.json.refresh_token, token, 'the refresh token was not replaced');
    token = answer.json.refresh_token;
  }
  await sandbox.advance(10 * 60 + 1);
  assert.equal((await renew(token)).json.error, 'invalid_grant');
});

await finish();
