// For everybody: without scripts, by keyboard alone, on a phone, with a screen reader (axe-core), in both themes and both
// languages.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import {
  assert, authorization, check, comesBack, finish, logIn, press, redeem, startApplication, startSandbox,
} from './lib.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sandbox = await startSandbox();
const application = await startApplication();
const realm = sandbox.realm('standard');
const native = sandbox.client('standard', 'native');
const request = (more) => authorization(realm, native, application.redirectUri, more);

/** What axe-core finds on this page, by WCAG 2.2 AA and its own best practices. */
async function violations(page) {
  // Outside the page's own policy, which allows no script of others.
  const cdp = await page.context().newCDPSession(page);
  const { frameTree } = await cdp.send('Page.getFrameTree');
  const { executionContextId } = await cdp.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' });
  const evaluate = async (expression, awaitPromise) => {
    const { result, exceptionDetails } = await cdp.send('Runtime.evaluate', {
      expression, contextId: executionContextId, awaitPromise, returnByValue: true,
    });
    assert(!exceptionDetails, exceptionDetails?.exception?.description);
    return result.value;
  };
  await evaluate(`${axe}; 0`, false);
  const found = await evaluate(`axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) =>
    v.id + ' (' + v.impact + '): ' + v.nodes.map((n) => n.target.join(' ') + ' ' + (n.any[0] || n.all[0] || n.none[0] || {}).message).slice(0, 3).join('; ')))`, true);
  await cdp.detach();
  return found;
}

async function fits(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert(wide <= room, `${page.url()} is ${wide} pixels wide in ${room}`);
}

/** Opens every page that a person sees, in order, and calls `look` at each. */
async function everyPage(page, look) {
  const user = sandbox.newUser('standard');
  const one = request({ scope: 'openid profile email offline_access' });
  await page.goto(one.url);
  await look('login');
  await logIn(page, { ...user, password: 'wrong' });
  await page.locator('#problem').waitFor();
  await look('login with a problem');
  await logIn(page, user);
  await page.locator('button[value="allow"]').waitFor();
  await look('consent');
  await press(page, 'allow');
  await comesBack(page, one);
  await page.goto(request({ prompt: 'select_account' }).url);
  await look('account choice');
  await page.goto(realm.endpoints.account);
  await look('account');
  await press(page, 'start_totp');
  await page.locator('#totp .secret').waitFor();
  await look('account with an app being added');
  await page.goto(authorization(realm, native, 'https://evil.example/').url);
  await look('error');
  await page.goto(realm.endpoints.end_session);
  await look('logout');
  await press(page, 'sign_out');
  await page.waitForLoadState();
  await look('logged out');
  await page.goto(`${sandbox.origin}/demo`);
  await look('demo');
  await page.goto(`${sandbox.origin}/demo/request?realm=standard`);
  await look('demo request');
}

for (const colorScheme of ['light', 'dark']) {
  for (const locale of ['pt-BR', 'en-GB']) {
    await check(`everybody: axe-core finds nothing on any page (${colorScheme}, ${locale})`, async ({ open }) => {
      const page = await (await open({ colorScheme, locale })).newPage();
      const found = [];
      await everyPage(page, async (name) => {
        for (const one of await violations(page)) found.push(`${name}: ${one}`);
      });
      assert.deepEqual(found, []);
    });
  }
}

await check('everybody: axe-core finds nothing on the pages of Vantage', async ({ open }) => {
  const vantage = sandbox.realm('vantage');
  const client = sandbox.client('vantage', 'demo');
  const page = await (await open({ locale: 'pt-BR' })).newPage();
  const one = authorization(vantage, client, application.redirectUri, {
    scope: 'openid permissions global.wildcard', productId: 'a8548c9b-cb90-4c66-8567-d7372bb9b963',
  });
  await page.goto(one.url);
  const found = await violations(page);
  await logIn(page, vantage.users[0]);
  await page.locator('button[value="allow"]').waitFor();
  found.push(...(await violations(page)));
  assert.deepEqual(found, []);
});

await check('everybody: nothing scrolls sideways on a phone, nor at 320 pixels', async ({ open }) => {
  for (const width of [390, 320]) {
    const page = await (await open({ viewport: { width, height: 700 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, locale: 'pt-BR' })).newPage();
    await everyPage(page, () => fits(page));
  }
});

await check('everybody: login and consent work without JavaScript', async ({ open }) => {
  const page = await (await open({ javaScriptEnabled: false })).newPage();
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  await logIn(page, user);
  await press(page, 'allow');
  const code = (await comesBack(page, one)).get('code');
  assert.equal((await redeem(realm, native, one, code)).status, 200);
});

await check('everybody: response_mode=form_post without JavaScript has a button', async ({ open }) => {
  const page = await (await open({ javaScriptEnabled: false })).newPage();
  const user = sandbox.newUser('standard');
  const one = request({ response_mode: 'form_post' });
  await page.goto(one.url);
  await logIn(page, user);
  await press(page, 'allow');
  await page.locator(`form[action="${one.redirectUri}"] button`).click();
  await page.waitForURL((url) => url.href.startsWith(one.redirectUri));
});

await check('everybody: login and consent by keyboard alone', async ({ open }) => {
  const page = await (await open()).newPage();
  const user = sandbox.newUser('standard');
  const one = request();
  await page.goto(one.url);
  /** Presses Tab until the element is focused, and sees that the focus can be seen. */
  const reach = async (selector) => {
    for (let presses = 0; presses < 30; presses += 1) {
      await page.keyboard.press('Tab');
      const [there, seen] = await page.evaluate((wanted) => {
        const now = document.activeElement;
        const style = getComputedStyle(now);
        return [now.matches(wanted), style.outlineStyle !== 'none' || style.boxShadow !== 'none'];
      }, selector);
      assert(seen, `the focus cannot be seen before ${selector}`);
      if (there) return;
    }
    throw new Error(`${selector} cannot be reached by Tab`);
  };
  await reach('#username');
  await page.keyboard.type(user.username);
  await reach('#password');
  await page.keyboard.type(user.password);
  await page.keyboard.press('Enter');
  await page.locator('button[value="allow"]').waitFor();
  await reach('button[value="allow"]');
  await page.keyboard.press('Space');
  assert((await comesBack(page, one)).get('code'));
});

await check('everybody: at 200 % text nothing is cut off', async ({ open }) => {
  const page = await (await open({ viewport: { width: 640, height: 500 }, locale: 'pt-BR' })).newPage();
  await everyPage(page, async () => {
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; }).catch(() => {});
    await fits(page);
  });
});

await finish();
