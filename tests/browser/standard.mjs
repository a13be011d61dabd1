// The standard realm as an OpenID Provider: prompt, max_age, consent, response modes, logout, languages.
import {
  assert, authorization, authorize, check, claims, comesBack, finish, logIn, press, redeem, seesLogin, startApplication,
  startSandbox, tokenRequest,
} from './lib.mjs';

const sandbox = await startSandbox();
const application = await startApplication();
const realm = sandbox.realm('standard');
const web = sandbox.newClient('standard', {
  client_name: 'Loja de teste', token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [application.redirectUri],
  scope: 'openid profile email offline_access',
});
const [ana, ben] = realm.users;
const request = (more) => authorization(realm, web, application.redirectUri, more);

await check('standard: login, consent, tokens, UserInfo', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request({ scope: 'openid profile email offline_access', nonce: 'n-0S6_WzA2Mj' });
  const back = await authorize(page, one, ana);
  assert.deepEqual([back.get('state'), back.get('iss')], [one.state, realm.base_url]);
  const answer = await redeem(realm, web, one, back.get('code'));
  assert.equal(answer.status, 200, JSON.stringify(answer.json));
  assert(answer.json.refresh_token, 'there is no refresh token');
  assert(Number.isInteger(answer.json.refresh_token_expires_in), 'there is no refresh_token_expires_in');
  const id = claims(answer.json.id_token);
  assert.equal(id.nonce, 'n-0S6_WzA2Mj');
  assert.equal(id.acr, 'urn:chancela:acr:1fa');
  assert.deepEqual(id.amr, ['pwd']);
  assert(Math.abs(id.auth_time - sandbox.now()) < 60);
  const info = await fetch(realm.endpoints.userinfo, { headers: { authorization: `Bearer ${answer.json.access_token}` } });
  assert.equal(info.status, 200);
  const user = await info.json();
  assert.deepEqual([user.sub, user.name, user.email], [id.sub, 'Ana Azevedo', 'ana@example.com']);
});

await check('standard: who is logged in goes straight back, and consent is remembered', async ({ open }) => {
  const context = await open();
  const page = await context.newPage();
  await authorize(page, request({ scope: 'openid profile' }), ben);
  const second = request({ scope: 'openid profile' });
  await page.goto(second.url);
  assert((await comesBack(page, second)).get('code'));
  const third = request({ scope: 'openid profile email' });
  await page.goto(third.url);
  await page.locator('button[value="allow"]').waitFor(); // more than was allowed: asked again
  await press(page, 'allow');
  assert((await comesBack(page, third)).get('code'));
});

await check('standard: a public client on the device asks each time: anybody could pretend to be it', async ({ open }) => {
  const page = await (await open()).newPage();
  const native = sandbox.client('standard', 'native');
  await authorize(page, authorization(realm, native, application.redirectUri), sandbox.newUser('standard'));
  const again = authorization(realm, native, application.redirectUri);
  await page.goto(again.url);
  await press(page, 'allow');
  assert.equal((await redeem(realm, native, again, (await comesBack(page, again)).get('code'))).status, 200);
  const none = authorization(realm, native, application.redirectUri, { prompt: 'none' });
  await page.goto(none.url);
  assert.equal((await comesBack(page, none)).get('error'), 'consent_required');
});

await check('standard: consent refused is access_denied at the application', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  await logIn(page, user);
  await press(page, 'refuse');
  const back = await comesBack(page, one);
  assert.deepEqual([back.get('error'), back.get('state'), back.get('iss'), back.get('code')], ['access_denied', one.state, realm.base_url, null]);
});

await check('standard: cancelling the login is access_denied at the application', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request();
  await page.goto(one.url);
  await press(page, 'cancel');
  assert.equal((await comesBack(page, one)).get('error'), 'access_denied');
});

await check('standard: a wrong password and an unknown user read the same, and the right one then works', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  await logIn(page, { ...user, password: 'wrong' });
  const wrong = await page.locator('[role=alert]').first().innerText();
  await logIn(page, { username: 'nobody@example.com', password: 'wrong' });
  assert.equal(await page.locator('[role=alert]').first().innerText(), wrong);
  await logIn(page, user);
  await press(page, 'allow');
  assert((await comesBack(page, one)).get('code'));
});

await check('standard: prompt=none without a session is login_required, without consent consent_required', async ({ open }) => {
  const context = await open();
  const page = await context.newPage();
  const user = sandbox.newUser('standard');
  const none = request({ prompt: 'none' });
  await page.goto(none.url);
  assert.equal((await comesBack(page, none)).get('error'), 'login_required');
  const one = request();
  await page.goto(one.url);
  await logIn(page, user);
  await page.locator('button[value="allow"]').waitFor();
  const asked = request({ prompt: 'none' });
  await page.goto(asked.url);
  assert.equal((await comesBack(page, asked)).get('error'), 'consent_required');
  await page.goto(request().url);
  await press(page, 'allow');
  const quiet = request({ prompt: 'none' });
  await page.goto(quiet.url);
  assert((await comesBack(page, quiet)).get('code'), 'prompt=none with session and consent gave no code');
});

await check('standard: prompt=login asks for the password again', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  await authorize(page, request(), user);
  const one = request({ prompt: 'login' });
  await page.goto(one.url);
  await seesLogin(page);
  await logIn(page, user);
  const back = await comesBack(page, one);
  assert(back.get('code'), `${back}`);
});

await check('standard: prompt=select_account asks who goes on, and another can', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  await authorize(page, request(), user);
  const one = request({ prompt: 'select_account' });
  await page.goto(one.url);
  await press(page, 'continue');
  const kept = await redeem(realm, web, one, (await comesBack(page, one)).get('code'));
  const two = request({ prompt: 'select_account' });
  await page.goto(two.url);
  await press(page, 'other');
  const next = sandbox.newUser('standard');
  await logIn(page, next);
  await press(page, 'allow');
  const changed = await redeem(realm, web, two, (await comesBack(page, two)).get('code'));
  assert.notEqual(claims(kept.json.id_token).sub, claims(changed.json.id_token).sub);
});

await check('standard: prompt=consent asks again for what was allowed', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  await authorize(page, request(), user);
  const one = request({ prompt: 'consent' });
  await page.goto(one.url);
  await press(page, 'allow');
  assert((await comesBack(page, one)).get('code'));
});

await check('standard: login_hint fills in the username', async ({ open }) => {
  const page = await (await open()).newPage();
  await page.goto(request({ login_hint: 'ana' }).url);
  assert.equal(await page.locator('#username').inputValue(), 'ana');
});

await check('standard: id_token_hint of who is logged in passes, of another user it is login_required', async ({ open }) => {
  const page = await (await open()).newPage();
  const hint = async (user) => {
    const one = request();
    await page.goto(request({ prompt: 'login' }).url);
    await logIn(page, user);
    await press(page, 'allow');
    await page.goto(one.url);
    return (await redeem(realm, web, one, (await comesBack(page, one)).get('code'))).json.id_token;
  };
  const other = await hint(sandbox.newUser('standard'));
  await page.context().clearCookies();
  const own = await hint(sandbox.newUser('standard'));
  for (const [token, error] of [[own, null], [other, 'login_required']]) {
    const none = request({ prompt: 'none', id_token_hint: token });
    await page.goto(none.url);
    assert.equal((await comesBack(page, none)).get('error'), error);
  }
});

await check('standard: UserInfo as a signed JWT, and claims that are asked for singly', async ({ open }) => {
  const page = await (await open()).newPage();
  const client = sandbox.newClient('standard', {
    client_name: 'Signed', token_endpoint_auth_method: 'none', application_type: 'native',
    grant_types: ['authorization_code'], redirect_uris: ['http://127.0.0.1/callback'], scope: 'openid',
    userinfo_signed_response_alg: 'ES256', id_token_signed_response_alg: 'RS256',
  });
  const wanted = JSON.stringify({ userinfo: { nickname: { essential: true } }, id_token: { email: null } });
  const one = authorization(realm, client, application.redirectUri, { claims: wanted });
  const answer = await redeem(realm, client, one, (await authorize(page, one, ana)).get('code'));
  const id = claims(answer.json.id_token);
  assert.equal(JSON.parse(Buffer.from(answer.json.id_token.split('.')[0], 'base64url')).alg, 'RS256');
  assert.equal(id.email, 'ana@example.com');
  const info = await fetch(realm.endpoints.userinfo, { headers: { authorization: `Bearer ${answer.json.access_token}` } });
  assert.equal(info.headers.get('content-type'), 'application/jwt');
  const signed = claims(await info.text());
  assert.deepEqual([signed.sub, signed.nickname, signed.aud, signed.iss], [id.sub, 'Aninha', client.client_id, realm.base_url]);
  assert.equal(signed.name, undefined, 'UserInfo says more than was asked for');
});

for (const [mode, where] of [['form_post', 'body'], ['query', 'url']]) {
  await check(`standard: response_mode=${mode}`, async ({ open }) => {
    const page = await (await open()).newPage();
    const user = sandbox.newUser('standard');
    const one = request({ response_mode: mode });
    await page.goto(one.url);
    await logIn(page, user);
    await press(page, 'allow');
    await page.waitForURL((url) => url.href.startsWith(one.redirectUri));
    const call = application.calls.findLast((call) => call.url.pathname === '/callback');
    const sent = where === 'body' ? call.body : call.url.searchParams;
    assert.deepEqual([sent.get('state'), sent.get('iss')], [one.state, realm.base_url]);
    if (where === 'body') assert.equal(call.url.search, '', 'the code is in the address');
    assert.equal((await redeem(realm, web, one, sent.get('code'))).status, 200);
  });
}

await check('standard: pairwise subjects differ by sector and are the same in ID token and UserInfo', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  const elsewhere = application.redirectUri.replace('127.0.0.1', 'localhost');
  const subjects = [];
  for (const uri of [application.redirectUri, application.redirectUri, elsewhere]) {
    const client = sandbox.newClient('standard', {
      client_name: 'Pairwise', token_endpoint_auth_method: 'none', grant_types: ['authorization_code'],
      redirect_uris: [uri], scope: 'openid', subject_type: 'pairwise',
    });
    const one = authorization(realm, client, uri);
    await page.goto(one.url);
    if (subjects.length === 0) await logIn(page, user);
    await press(page, 'allow');
    const answer = await redeem(realm, client, one, (await comesBack(page, one)).get('code'));
    const id = claims(answer.json.id_token);
    const info = await fetch(realm.endpoints.userinfo, { headers: { authorization: `Bearer ${answer.json.access_token}` } });
    assert.equal((await info.json()).sub, id.sub);
    subjects.push(id.sub);
  }
  assert.equal(subjects[0], subjects[1], 'two applications of one sector know the user by two names');
  assert.notEqual(subjects[0], subjects[2], 'two sectors know the user by one name');
});

await check('standard: logout ends the session, tells a front-channel application, and leads back', async ({ open }) => {
  const context = await open();
  const page = await context.newPage();
  const user = sandbox.newUser('standard');
  const client = sandbox.newClient('standard', {
    client_name: 'Front channel', token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'], redirect_uris: [application.redirectUri], scope: 'openid',
    post_logout_redirect_uris: [`${application.origin}/signed-out`],
    frontchannel_logout_uri: `${application.origin}/front`, frontchannel_logout_session_required: true,
  });
  const one = authorization(realm, client, application.redirectUri);
  const back = await authorize(page, one, user);
  const tokens = await redeem(realm, client, one, back.get('code'));
  const id = claims(tokens.json.id_token);
  const url = new URL(realm.endpoints.end_session);
  url.searchParams.set('id_token_hint', tokens.json.id_token);
  url.searchParams.set('post_logout_redirect_uri', `${application.origin}/signed-out`);
  url.searchParams.set('state', 'st-1');
  await page.goto(url.href);
  await page.waitForURL((url) => url.pathname === '/signed-out');
  assert.equal(new URL(page.url()).searchParams.get('state'), 'st-1');
  const call = application.calls.find((call) => call.url.pathname === '/front');
  assert(call, 'the front-channel application was not told');
  assert.equal(call.url.searchParams.get('iss'), realm.base_url);
  assert.equal(call.url.searchParams.get('sid'), id.sid, 'sid is not the session\'s');
  const after = authorization(realm, client, application.redirectUri, { prompt: 'none' });
  await page.goto(after.url);
  assert.equal((await comesBack(page, after)).get('error'), 'login_required');
});

await check('standard: logout without a hint asks first', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  await authorize(page, request(), user);
  await page.goto(realm.endpoints.end_session);
  await page.locator('button[value="stay"]').waitFor();
  await press(page, 'sign_out');
  await page.waitForLoadState();
  const after = request({ prompt: 'none' });
  await page.goto(after.url);
  assert.equal((await comesBack(page, after)).get('error'), 'login_required');
});

await check('standard: the language follows the browser, ui_locales, and the switch, which keeps the request', async ({ open }) => {
  const context = await open({ locale: 'pt-BR' });
  const page = await context.newPage();
  const lang = () => page.locator('html').getAttribute('lang');
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  assert.equal(await lang(), 'pt-BR');
  await page.getByRole('link', { name: 'English' }).click();
  assert.equal(await lang(), 'en');
  await logIn(page, user);
  await page.locator('button[value="allow"]').waitFor();
  assert.equal(await lang(), 'en', 'the consent page forgot the language');
  await press(page, 'allow');
  assert.equal((await comesBack(page, one)).get('state'), one.state, 'the switch lost the request');
  await page.goto(request({ ui_locales: 'pt-BR en', prompt: 'login' }).url);
  assert.equal(await lang(), 'pt-BR');
});

await check('standard: cookies off is said, with the way on', async ({ open }) => {
  const context = await open();
  const page = await context.newPage();
  await page.goto(request().url);
  await context.clearCookies();
  await logIn(page, ana);
  assert((await page.locator('h1').innerText()).match(/cookie/i), await page.locator('main').innerText());
});

await check('standard: two tabs of one browser both come back', async ({ open }) => {
  const context = await open();
  const user = sandbox.newUser('standard');
  const [first, second] = [await context.newPage(), await context.newPage()];
  const [one, two] = [request(), request()];
  await first.goto(one.url);
  await second.goto(two.url);
  await logIn(second, user);
  await press(second, 'allow');
  assert.equal((await comesBack(second, two)).get('state'), two.state);
  // The first tab's page is from before the login: it is no dead end.
  await logIn(first, user);
  if (!first.url().startsWith(one.redirectUri)) {
    await first.locator('a.button.primary, button[value="allow"]').first().click({ timeout: 5000 }).catch(() => {});
  }
  assert.equal((await comesBack(first, one)).get('state'), one.state);
});

await check('standard: back button after consent, and a consent sent twice', async ({ open }) => {
  const context = await open();
  const page = await context.newPage();
  const user = sandbox.newUser('standard');
  const one = request();
  const back = await authorize(page, one, user);
  await page.goBack();
  await page.waitForLoadState();
  // Whatever the browser shows (its copy of the consent page, or a new answer), it leads on or says how.
  const again = page.locator('button[value="allow"]');
  if (await again.count()) await again.click();
  await page.waitForLoadState();
  const status = page.url().startsWith(one.redirectUri) ? 'back' : await page.locator('h1').innerText();
  assert(status, 'there is nothing on the page');
  const first = await redeem(realm, web, one, back.get('code'));
  assert.equal(first.status, 200, `the first code died: ${JSON.stringify(first.json)}`);
});

await check('standard: consent sent twice by an impatient person ends well', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request();
  await page.goto(one.url);
  await logIn(page, sandbox.newUser('standard'));
  await page.locator('button[value="allow"]').waitFor();
  await page.evaluate(() => {
    const button = document.querySelector('button[value="allow"]');
    button.click();
    button.click();
  });
  const back = await comesBack(page, one);
  assert.equal((await redeem(realm, web, one, back.get('code'))).status, 200);
});

await check('standard: login sent twice by an impatient person ends well', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  await page.locator('#username').fill(user.username);
  await page.locator('#password').fill(user.password);
  await page.evaluate(() => {
    const button = document.querySelector('button[value="login"]');
    button.click();
    button.click();
  });
  await press(page, 'allow');
  assert((await comesBack(page, one)).get('code'));
});

await check('standard: a second window of the demo browser does not see another\'s session', async ({ open }) => {
  const [a, b] = [await open(), await open()];
  await authorize(await a.newPage(), request(), sandbox.newUser('standard'));
  const page = await b.newPage();
  await page.goto(request().url);
  await seesLogin(page);
});

// From here on the clock moves.

await check('standard: max_age lets a fresh session pass and asks an old one again', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  await authorize(page, request(), user);
  const fresh = request({ max_age: '600' });
  await page.goto(fresh.url);
  const before = await redeem(realm, web, fresh, (await comesBack(page, fresh)).get('code'));
  await sandbox.advance(700);
  const old = request({ max_age: '600' });
  await page.goto(old.url);
  await seesLogin(page);
  await logIn(page, user);
  const after = await redeem(realm, web, old, (await comesBack(page, old)).get('code'));
  assert(claims(after.json.id_token).auth_time >= claims(before.json.id_token).auth_time + 700);
  const none = request({ max_age: '0', prompt: 'none' });
  await page.goto(none.url);
  assert.equal((await comesBack(page, none)).get('error'), 'login_required');
  const zero = request({ max_age: '0' });
  await page.goto(zero.url);
  await logIn(page, user);
  assert((await comesBack(page, zero)).get('code'), 'max_age=0 asks for ever');
});

for (const [what, until] of [['login', async () => {}], ['consent', async (page, user) => {
  await logIn(page, user);
  await page.locator('button[value="allow"]').waitFor();
}]]) {
  await check(`standard: a ${what} page that lay open for 31 minutes says how to go on, and it does`, async ({ open }) => {
    const page = await (await open()).newPage();
    const user = sandbox.newUser('standard');
    const one = request();
    await page.goto(one.url);
    await until(page, user);
    await sandbox.advance(31 * 60);
    if (what === 'login') await logIn(page, user);
    else await press(page, 'allow');
    await page.locator('a.button.primary').click();
    if (await page.locator('#password').count()) await logIn(page, user);
    await press(page, 'allow');
    assert((await comesBack(page, one)).get('code'));
  });
}

await check('standard: a code dies after thirty seconds', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request();
  const back = await authorize(page, one, sandbox.newUser('standard'));
  await sandbox.advance(31);
  assert.equal((await redeem(realm, web, one, back.get('code'))).json.error, 'invalid_grant');
});

await check('standard: a session ends after twelve hours', async ({ open }) => {
  const page = await (await open()).newPage();
  await authorize(page, request(), sandbox.newUser('standard'));
  await sandbox.advance(12 * 3600 + 60);
  const none = request({ prompt: 'none' });
  await page.goto(none.url);
  assert.equal((await comesBack(page, none)).get('error'), 'login_required');
});

await check('standard: refresh tokens rotate; a lost answer loses nothing, and a replay ends the family', async ({ open }) => {
  const page = await (await open()).newPage();
  const one = request({ scope: 'openid offline_access' });
  const back = await authorize(page, one, sandbox.newUser('standard'));
  const first = (await redeem(realm, web, one, back.get('code'))).json.refresh_token;
  const renew = (token) => tokenRequest(realm, web, { grant_type: 'refresh_token', refresh_token: token });
  const second = (await renew(first)).json.refresh_token;
  assert(second && second !== first, 'the refresh token was not replaced');
  assert.equal((await renew(first)).json.refresh_token, second, 'a repeated renewal gave another successor');
  const third = (await renew(second)).json.refresh_token;
  assert.equal((await renew(first)).json.error, 'invalid_grant');
  assert.equal((await renew(third)).json.error, 'invalid_grant', 'the family outlived a replay');
});

await finish();
