// Requests that no page of ours sends: forged, planted, repeated, framed. By hand, over plain HTTP, where a browser would
// not do it.
import {
  assert, authorization, check, Client, comesBack, finish, logIn, press, redeem, startApplication, startSandbox,
} from './lib.mjs';

const sandbox = await startSandbox();
const application = await startApplication();
const realm = sandbox.realm('standard');
const native = sandbox.client('standard', 'native');
const request = (more) => authorization(realm, native, application.redirectUri, more);

/** A person at the consent page. */
async function atConsent(more) {
  const client = new Client();
  const user = sandbox.newUser('standard');
  const one = request(more);
  const page = await client.logIn(one.url, user);
  assert.equal(page.status, 200, `after the login: HTTP ${page.status}, ${page.location}`);
  return { client, user, one, page, ...client.form(page, 'allow') };
}

function isNoCode(answer) {
  assert(!answer.location?.includes('code='), `there is a code: ${answer.location}`);
}

await check('hostile: login and consent by plain HTTP forms give a code', async () => {
  const { client, page, one } = await atConsent();
  const answer = await client.submit(page, 'allow');
  assert.equal(answer.status, 303, `HTTP ${answer.status}`);
  const back = new URL(answer.location).searchParams;
  assert.equal(back.get('state'), one.state);
  assert.equal((await redeem(realm, native, one, back.get('code'))).status, 200);
});

await check('hostile: consent by GET is no consent (405 or 404, no code)', async () => {
  const { client, action, fields } = await atConsent();
  const answer = await client.send(`${action}?${new URLSearchParams(fields)}`);
  isNoCode(answer);
  assert([403, 404, 405].includes(answer.status), `HTTP ${answer.status}`);
});

for (const [what, csrf] of [['without csrf', undefined], ['with an empty csrf', ''], ['with an invented csrf', '1.AAAA']]) {
  await check(`hostile: consent ${what} is 403 and gives no code`, async () => {
    const { client, action, fields } = await atConsent();
    const form = { ...fields, csrf };
    if (csrf === undefined) delete form.csrf;
    const answer = await client.send(action, { method: 'POST', form });
    isNoCode(answer);
    assert.equal(answer.status, 403, `HTTP ${answer.status}`);
  });
}

await check('hostile: the csrf of another person\'s page is 403 and gives no code', async () => {
  const mine = await atConsent();
  const theirs = await atConsent();
  const answer = await theirs.client.send(theirs.action, { method: 'POST', form: { ...theirs.fields, csrf: mine.fields.csrf } });
  isNoCode(answer);
  assert.equal(answer.status, 403, `HTTP ${answer.status}`);
});

await check('hostile: the csrf of another request of the same person is 403 and gives no code', async () => {
  const { client, action, fields } = await atConsent();
  const other = await client.send(request({ scope: 'openid profile email' }).url);
  const answer = await client.send(action, { method: 'POST', form: { ...fields, csrf: client.form(other, 'allow').fields.csrf } });
  isNoCode(answer);
  assert.equal(answer.status, 403, `HTTP ${answer.status}`);
});

await check('hostile: a consent whose request was exchanged for a larger one gives no code', async () => {
  const { client, action, fields } = await atConsent({ scope: 'openid' });
  const form = { ...fields, request: fields.request.replace('scope=openid', 'scope=openid+profile+email+offline_access') };
  assert.notEqual(form.request, fields.request, `the form's request is ${fields.request}`);
  const answer = await client.send(action, { method: 'POST', form });
  isNoCode(answer);
  assert.equal(answer.status, 403, `HTTP ${answer.status}`);
});

await check('hostile: login without csrf, or with another browser\'s, is refused', async () => {
  const [mine, theirs] = [new Client(), new Client()];
  const user = sandbox.newUser('standard');
  const pageOf = async (client) => client.form(await client.send(request().url), 'login');
  const [a, b] = [await pageOf(mine), await pageOf(theirs)];
  for (const csrf of ['', a.fields.csrf]) {
    const form = { ...b.fields, csrf, username: user.username, password: user.password };
    const answer = await theirs.send(b.action, { method: 'POST', form });
    assert(answer.status >= 400, `csrf ${csrf.slice(0, 8)}: HTTP ${answer.status}`);
    assert(![...theirs.cookies.keys()].some((name) => name.includes('session')), 'there is a session');
  }
});

await check('hostile: a session fixed before the login is worth nothing after it', async () => {
  const victim = new Client();
  const user = sandbox.newUser('standard');
  const planted = 'A'.repeat(43);
  await victim.send(request().url);
  const before = new Map(victim.cookies);
  for (const name of before.keys()) victim.cookies.set(name, planted); // an attacker's values
  victim.cookies.set('chancela-standard-session', planted);
  await victim.logIn(request().url, user);
  const after = Object.fromEntries(victim.cookies);
  assert.notEqual(after['chancela-standard-session'], planted, 'the planted session cookie lives on');
  assert.notEqual(after['chancela-standard-browser'], planted, 'the planted browser cookie lives on');
  const attacker = new Client();
  for (const name of victim.cookies.keys()) attacker.cookies.set(name, planted);
  const answer = await attacker.follow(await attacker.send(request({ prompt: 'none' }).url));
  assert(answer.location.includes('error=login_required'), answer.location);
});

await check('hostile: a code goes to no other application, verifier or address', async () => {
  const { client, page, one } = await atConsent();
  const code = new URL((await client.submit(page, 'allow')).location).searchParams.get('code');
  const other = sandbox.newClient('standard', {
    client_name: 'Other', token_endpoint_auth_method: 'none', application_type: 'native',
    grant_types: ['authorization_code'], redirect_uris: ['http://127.0.0.1/callback'], scope: 'openid',
  });
  assert.equal((await redeem(realm, other, one, code)).json.error, 'invalid_grant');
  const good = await redeem(realm, native, one, code);
  assert.equal(good.status, 200, 'a foreign client burnt the code');
});

await check('hostile: the wrong verifier burns the code', async () => {
  const { client, page, one } = await atConsent();
  const code = new URL((await client.submit(page, 'allow')).location).searchParams.get('code');
  assert.equal((await redeem(realm, native, { ...one, verifier: 'x'.repeat(43) }, code)).json.error, 'invalid_grant');
  assert.equal((await redeem(realm, native, one, code)).json.error, 'invalid_grant');
});

await check('hostile: 64 redemptions at once have one winner', async () => {
  const { client, page, one } = await atConsent();
  const code = new URL((await client.submit(page, 'allow')).location).searchParams.get('code');
  const answers = await Promise.all(Array.from({ length: 64 }, () => redeem(realm, native, one, code)));
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
  assert(answers.every((answer) => answer.status === 200 || answer.json.error === 'invalid_grant'));
});

for (const [what, parameters] of [
  ['another path', { redirect_uri: `${application.origin}/callback/../evil` }],
  ['another host', { redirect_uri: 'https://evil.example/callback' }],
  ['user information', { redirect_uri: `http://127.0.0.1@evil.example/callback` }],
  ['a fragment', { redirect_uri: `${application.origin}/callback#x` }],
  ['a query', { redirect_uri: `${application.origin}/callback?x=y` }],
  ['javascript:', { redirect_uri: 'javascript:alert(1)' }],
  ['no redirect_uri', { redirect_uri: '' }],
  ['an unknown client', { client_id: 'nobody' }],
]) {
  await check(`hostile: ${what} is told to the person, never redirected`, async () => {
    const answer = await new Client().send(request(parameters).url);
    assert.equal(answer.status, 400, `HTTP ${answer.status} ${answer.location}`);
    assert.equal(answer.location, null);
    assert(!answer.text.includes('evil.example'), 'the page repeats what the request said');
  });
}

for (const [what, parameters, error] of [
  ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['no PKCE', { code_challenge: null, code_challenge_method: null }, 'invalid_request'],
  ['response_type=token', { response_type: 'token' }, 'unsupported_response_type'],
  ['an unknown scope', { scope: 'openid no.such.scope' }, 'invalid_scope'],
  ['prompt=none with login', { prompt: 'none login' }, 'invalid_request'],
  ['request', { request: 'a.b.c' }, 'request_not_supported'],
  ['request_uri', { request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
  ['registration', { registration: '{}' }, 'registration_not_supported'],
]) {
  await check(`hostile: ${what} is ${error} at the application, with state and iss`, async () => {
    const one = request(parameters);
    const answer = await new Client().send(one.url);
    assert(answer.location?.startsWith(one.redirectUri), `HTTP ${answer.status} ${answer.location}`);
    const back = new URL(answer.location).searchParams;
    assert.deepEqual([back.get('error'), back.get('state'), back.get('iss')], [error, one.state, realm.base_url]);
  });
}

await check('hostile: no page of the flow can be framed', async ({ open }) => {
  const context = await open();
  const page = await context.newPage();
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  await logIn(page, user);
  await page.locator('button[value="allow"]').waitFor();
  for (const address of [request({ prompt: 'login' }).url, request().url, realm.endpoints.account, realm.endpoints.end_session]) {
    application.page = `<!doctype html><title>Frame</title><iframe src="${address.replaceAll('&', '&amp;')}"></iframe>`;
    await page.goto(`${application.origin}/frame`);
    await page.waitForLoadState('networkidle');
    const inside = page.frames()[1];
    const text = inside ? await inside.locator('body').innerText({ timeout: 1000 }).catch(() => '') : '';
    assert(!(await inside?.locator('form').count().catch(() => 0)), `a form can be framed at ${address}: ${text.slice(0, 80)}`);
  }
  application.page = null;
});

await check('hostile: every page has a strict policy, no referrer, no store and no sniffing', async () => {
  const client = new Client();
  const user = sandbox.newUser('standard');
  const pages = [await client.send(request().url), await client.logIn(request().url, user), await client.send(realm.endpoints.account)];
  for (const page of pages) {
    const csp = page.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) assert(csp.includes(part), csp);
    assert(!csp.includes('unsafe'), csp);
    assert.deepEqual(
      ['x-frame-options', 'x-content-type-options', 'referrer-policy', 'cache-control'].map((name) => page.headers.get(name)),
      ['DENY', 'nosniff', 'no-referrer', 'no-store'],
    );
  }
});

await check('hostile: a browser that follows the policy completes the flow and breaks no rule', async ({ open }) => {
  const page = await (await open()).newPage();
  const broken = [];
  page.on('console', (message) => /Content.Security.Policy|Refused to/i.test(message.text()) && broken.push(message.text()));
  const requests = [];
  page.on('request', (one) => requests.push(one.url()));
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  await logIn(page, user);
  await press(page, 'allow');
  await comesBack(page, one);
  assert.deepEqual(broken, []);
  const elsewhere = requests.filter((url) => !url.startsWith(sandbox.origin) && !url.startsWith(application.origin) && !url.startsWith('data:'));
  assert.deepEqual(elsewhere, [], 'a page loads something from elsewhere');
});

await finish();
