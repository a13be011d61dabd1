// The account page, and what it adds to a login: second factors, passkeys, recovery codes; and what it takes back.
import {
  assert, authorization, authorize, check, claims, comesBack, finish, logIn, press, redeem, seesLogin, startApplication,
  startSandbox, tokenRequest, totp, virtualAuthenticator,
} from './lib.mjs';

const sandbox = await startSandbox();
const application = await startApplication();
const realm = sandbox.realm('standard');
const native = sandbox.client('standard', 'native');
const request = (more) => authorization(realm, native, application.redirectUri, more);
const account = realm.endpoints.account;

async function openAccount(page, user) {
  await page.goto(account);
  await logIn(page, user);
  await page.locator('#devices').waitFor();
}

async function addTotp(page) {
  await press(page, 'start_totp');
  const secret = (await page.locator('#totp .secret code').innerText()).replaceAll(' ', '');
  await page.locator('#totp #code').fill(totp(secret, sandbox.now()));
  await press(page, 'confirm_totp');
  await page.locator('button[value="remove_totp"]').waitFor();
  return secret;
}

async function addPasskey(page, name) {
  await page.locator('#passkey_name').fill(name);
  await page.locator('form[data-passkey="create"] button[type="submit"]').click();
  await page.locator('button[value="remove_passkey"]').first().waitFor();
}

async function idToken(page, one) {
  const answer = await redeem(realm, native, one, (await comesBack(page, one)).get('code'));
  assert.equal(answer.status, 200, JSON.stringify(answer.json));
  return claims(answer.json.id_token);
}

await check('account: an authenticator app is added and then asked for; a code is good once', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const own = await (await open()).newPage();
  await openAccount(own, user);
  const secret = await addTotp(own);

  const page = await (await open()).newPage();
  const one = request();
  await page.goto(one.url);
  await logIn(page, user);
  await page.locator('#code').fill('000000');
  await press(page, 'totp');
  assert(await page.locator('[role=alert]').first().innerText(), 'a wrong code says nothing');
  await sandbox.advance(30);
  const code = totp(secret, sandbox.now());
  await page.locator('#code').fill(code);
  await press(page, 'totp');
  await press(page, 'allow');
  const id = await idToken(page, one);
  assert.equal(id.acr, 'urn:chancela:acr:2fa');
  assert.deepEqual([...id.amr].sort(), ['mfa', 'otp', 'pwd']);

  const third = await (await open()).newPage();
  await third.goto(request().url);
  await logIn(third, user);
  await third.locator('#code').fill(code);
  await press(third, 'totp');
  await third.locator('[role=alert]').first().waitFor();
});

await check('account: acr_values of two factors is met by a user who has them', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const page = await (await open()).newPage();
  await openAccount(page, user);
  const secret = await addTotp(page);
  await sandbox.advance(30);
  const one = request({ acr_values: 'urn:chancela:acr:2fa', prompt: 'login' });
  await page.goto(one.url);
  await logIn(page, user);
  await page.locator('#code').fill(totp(secret, sandbox.now()));
  await press(page, 'totp');
  await press(page, 'allow');
  assert.equal((await idToken(page, one)).acr, 'urn:chancela:acr:2fa');
});

await check('account: a passkey is the second factor after a password', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const page = await (await open()).newPage();
  await virtualAuthenticator(page);
  await openAccount(page, user);
  await addPasskey(page, 'Notebook');
  assert((await page.locator('#passkeys').innerText()).includes('Notebook'));
  const one = request({ prompt: 'login' });
  await page.goto(one.url);
  await logIn(page, user);
  await page.locator('form[data-passkey="get"] button[type="submit"]').click();
  await press(page, 'allow');
  const id = await idToken(page, one);
  assert(id.amr.includes('pwd') && id.amr.includes('pop') && id.amr.includes('mfa'), `amr is ${id.amr}`);
  assert.equal(id.acr, 'phr'); // a passkey with user verification is more than two factors
});

await check('account: a passkey alone logs in, without a username', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const page = await (await open()).newPage();
  await virtualAuthenticator(page);
  await openAccount(page, user);
  await addPasskey(page, 'Telefone');
  const one = request({ prompt: 'login' });
  await page.goto(one.url);
  await seesLogin(page);
  await page.locator('form[data-passkey="get"] button[type="submit"]').click();
  await press(page, 'allow');
  const id = await idToken(page, one);
  assert.equal(id.acr, 'phr');
  assert(id.amr.includes('pop') && id.amr.includes('user') && !id.amr.includes('pwd'), `amr is ${id.amr}`);
});

await check('account: a passkey that was removed logs nobody in', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const page = await (await open()).newPage();
  await virtualAuthenticator(page);
  await openAccount(page, user);
  await addPasskey(page, 'Velho');
  await press(page, 'remove_passkey');
  await page.locator('#devices').waitFor();
  assert.equal(await page.locator('button[value="remove_passkey"]').count(), 0);
  await page.goto(request({ prompt: 'login' }).url);
  await page.locator('form[data-passkey="get"] button[type="submit"]').click();
  await page.locator('#problem, [role=alert]:not([hidden])').first().waitFor();
  assert(page.url().startsWith(sandbox.origin));
});

await check('account: a recovery code replaces the app, once', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const own = await (await open()).newPage();
  await openAccount(own, user);
  await addTotp(own);
  await press(own, 'make_recovery_codes');
  const codes = await own.locator('#recovery .codes code').allInnerTexts();
  assert(codes.length >= 8, `${codes.length} recovery codes`);
  const enter = async (code) => {
    const page = await (await open()).newPage();
    const one = request();
    await page.goto(one.url);
    await logIn(page, user);
    await page.locator('summary').click();
    await page.locator('#recovery_code').fill(code);
    await press(page, 'recovery');
    return { page, one };
  };
  const good = await enter(codes[0]);
  await press(good.page, 'allow');
  assert.equal((await idToken(good.page, good.one)).acr, 'urn:chancela:acr:2fa');
  const again = await enter(codes[0]);
  await again.page.locator('[role=alert]').first().waitFor();
});

await check('account: an application whose consent is revoked is asked for again, and its tokens are dead', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const page = await (await open()).newPage();
  const one = request({ scope: 'openid profile offline_access' });
  const tokens = await redeem(realm, native, one, (await authorize(page, one, user)).get('code'));
  await page.goto(account);
  assert((await page.locator('#applications').innerText()).includes('Aplicativo Exemplo'));
  await press(page, 'revoke_application');
  await page.locator('#devices').waitFor();
  assert(!(await page.locator('#applications').innerText()).includes('Aplicativo Exemplo'));
  const dead = await tokenRequest(realm, native, { grant_type: 'refresh_token', refresh_token: tokens.json.refresh_token });
  assert.equal(dead.json.error, 'invalid_grant', 'the refresh token lived on');
  const info = await fetch(realm.endpoints.userinfo, { headers: { authorization: `Bearer ${tokens.json.access_token}` } });
  assert.equal(info.status, 401, 'the access token lived on');
  await page.goto(request({ scope: 'openid profile' }).url);
  await page.locator('button[value="allow"]').waitFor();
});

await check('account: another device is seen and logged out', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const phone = await (await open({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605 Version/17.4 Mobile Safari/604.1' })).newPage();
  await openAccount(phone, user);
  const page = await (await open()).newPage();
  await openAccount(page, user);
  assert((await page.locator('#devices').innerText()).includes('iPhone'));
  await press(page, 'end_session');
  await page.locator('#devices').waitFor();
  assert(!(await page.locator('#devices').innerText()).includes('iPhone'));
  await phone.goto(account);
  await seesLogin(phone);
  await page.goto(account);
  await page.locator('#devices').waitFor();
});

await check('account: a new password logs the other browser out and the old one is dead', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const other = await (await open()).newPage();
  await openAccount(other, user);
  const page = await (await open()).newPage();
  await openAccount(page, user);
  const changed = { ...user, password: 'Outra-senha-bem-comprida-42' };
  await page.locator('#current_password').fill(user.password);
  await page.locator('#new_password').fill(changed.password);
  await page.locator('#repeated_password').fill(changed.password);
  await press(page, 'change_password');
  await page.locator('.notice.good').waitFor();
  await page.goto(account);
  await page.locator('#devices').waitFor(); // this browser stays
  await other.goto(account);
  await seesLogin(other);
  await logIn(other, user);
  await other.locator('[role=alert]').first().waitFor();
  await logIn(other, changed);
  await other.locator('#devices').waitFor();
});

await check('account: a wrong current password, a short one and a repetition that differs change nothing', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const page = await (await open()).newPage();
  await openAccount(page, user);
  for (const [current, fresh, repeated] of [
    ['wrong', 'Outra-senha-bem-comprida-42', 'Outra-senha-bem-comprida-42'],
    [user.password, 'kurz', 'kurz'],
    [user.password, 'Outra-senha-bem-comprida-42', 'Outra-senha-bem-comprida-43'],
  ]) {
    await page.locator('#current_password').fill(current);
    await page.locator('#new_password').fill(fresh);
    await page.locator('#repeated_password').fill(repeated);
    await press(page, 'change_password');
    await page.locator('.notice.bad').waitFor();
  }
  const again = await (await open()).newPage();
  await openAccount(again, user);
});

await check('account: signing out ends this session, everywhere ends all', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const [a, b] = [await (await open()).newPage(), await (await open()).newPage()];
  await openAccount(a, user);
  await openAccount(b, user);
  await press(a, 'sign_out');
  await a.waitForLoadState();
  await a.goto(account);
  await seesLogin(a);
  await b.goto(account);
  await b.locator('#devices').waitFor();
  await logIn(a, user);
  await a.locator('#devices').waitFor();
  await press(b, 'sign_out_everywhere');
  await b.waitForLoadState();
  for (const page of [a, b]) {
    await page.goto(account);
    await seesLogin(page);
  }
});

await check('account: a user who is disabled between login and exchange gets no tokens', async ({ open }) => {
  const user = sandbox.newUser('standard');
  const page = await (await open()).newPage();
  const one = request({ scope: 'openid offline_access' });
  const code = (await authorize(page, one, user)).get('code');
  sandbox.cli(['user', 'disable', '--realm', 'standard', user.username]);
  assert.equal((await redeem(realm, native, one, code)).json.error, 'invalid_grant');
  const none = request({ prompt: 'none' });
  await page.goto(none.url);
  assert.equal((await comesBack(page, none)).get('error'), 'login_required');
});

await finish();
