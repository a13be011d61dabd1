// The demo relying party, as somebody who learns walks through it; and the printed line for a browser.
import {
  assert, check, finish, logIn, press, seesLogin, startSandbox,
} from './lib.mjs';

const sandbox = await startSandbox();

/** Presses the step's usual way on. */
const goOn = (page) => page.locator('.actions a, .actions button').first().click();
const shown = (page) => page.locator('main').innerText();
const step = async (page, number) => {
  await page.locator(`.steps li:nth-child(${number})[aria-current="step"]`).waitFor();
};

for (const [name, user] of [['standard', 0], ['vantage', 0], ['bs2', 0]]) {
  await check(`demo: ${name} from the choice to the renewal`, async ({ open }) => {
    const page = await (await open({ locale: 'pt-BR' })).newPage();
    const realm = sandbox.realm(name);
    await page.goto(`${sandbox.origin}/demo`);
    await page.locator(`a[href*="realm=${name}"]`).first().click();
    await step(page, 1);
    assert((await shown(page)).includes('code_challenge'));
    await goOn(page);
    await seesLogin(page);
    await logIn(page, realm.users[user]);
    await press(page, 'allow');
    await step(page, 2);
    await goOn(page);
    await step(page, 3);
    const exchange = await shown(page);
    const secret = realm.clients.find((client) => client.redirect_uris.some((uri) => uri.includes('/demo/'))).client_secret;
    assert(exchange.includes('grant_type=authorization_code') && exchange.includes('200 OK'), exchange);
    assert(!(await page.content()).includes(secret), 'the page shows the secret');
    await goOn(page);
    await step(page, 4);
    if (name !== 'bs2') assert((await shown(page)).includes('"iss"'));
    await goOn(page);
    await step(page, 5);
    assert((await shown(page)).includes('grant_type=refresh_token'));
    assert((await shown(page)).includes('200 OK'));
    if (name === 'standard') {
      await page.getByRole('button', { name: 'Perguntar quem é o usuário' }).click();
      await page.getByText('Ana Azevedo').first().waitFor();
      await page.getByRole('link', { name: 'Sair' }).click();
      await page.waitForURL((url) => url.pathname === '/demo');
    }
  });
}

await check('demo: an answer to another request is recognised and dropped', async ({ open }) => {
  const page = await (await open()).newPage();
  await page.goto(`${sandbox.origin}/demo/request?realm=standard`);
  await page.goto(`${sandbox.origin}/demo/callback?code=abc&state=planted&iss=x`);
  assert.equal(await page.locator('.actions button').count(), 0, 'a foreign code can be exchanged');
});

await check('demo: an altered run is not believed', async () => {
  for (const path of ['exchange', 'tokens', 'refresh', 'userinfo']) {
    const form = new URLSearchParams({ run: 'standard.a.b.c.AAAA', code: 'x', access_token: 'x', refresh_token: 'x' });
    const answer = await fetch(`${sandbox.origin}/demo/${path}`, { method: 'POST', body: form });
    const text = await answer.text();
    assert(!text.includes('HTTP/1.1'), `${path} asked the server`);
  }
});

await check('demo: markup in an answer stays text', async ({ open }) => {
  const page = await (await open()).newPage();
  await page.goto(`${sandbox.origin}/demo/callback?error=%3Cscript%3Ealert(1)%3C/script%3E&state=%22%3E%3Cimg%20src=x%3E`);
  assert.equal(await page.locator('main script, main img').count(), 0);
});

await finish();
