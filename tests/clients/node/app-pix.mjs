// @cloudcommerce/app-pix: its published token request, against the first step of `semear`.
// The package exports only its store-app entry points, which need Firebase; the token request is
// one file that needs axios alone, so that file is loaded by its path.
import oauth from './node_modules/@cloudcommerce/app-pix/lib/functions-lib/pix-auth/oauth.js';
import { assert, check, client, endpoint, finish, realm, rejected } from './lib.mjs';

const semear = realm('semear');
const gateway = client('semear', 'client labelled gateway', (c) => c.label === 'gateway');
const oauthEndpoint = '/oauth/access-token'; // an option of the library; its default is /oauth/token
const options = {
  clientId: gateway.client_id,
  clientSecret: gateway.client_secret,
  oauthEndpoint,
};

await check('app-pix: base_url and the documented path make the endpoint of sandbox.json', () => {
  assert.equal(endpoint('semear', oauthEndpoint), semear.base_url + oauthEndpoint);
});

for (const name of ['base_url', 'root_url']) {
  await check(`app-pix: token by Basic and JSON at the ${name} of semear`, async () => {
    const data = await oauth({ ...options, baseURL: semear[name] });
    assert.equal(typeof data, 'object', `the body was not read as JSON: ${String(data).slice(0, 80)}`);
    assert.deepEqual(Object.keys(data), ['access_token', 'token_type', 'expires_in'], 'members or their order differ from the documentation');
    assert.match(data.access_token, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'the token is not a UUID');
    assert.equal(data.token_type, 'access_token');
    assert.equal(data.expires_in, 86400);
  });
}

await check('app-pix: a wrong secret is rejected with 401', async () => {
  const call = () => oauth({ ...options, clientSecret: 'wrong-secret', baseURL: semear.base_url });
  const error = await rejected(call, 'a wrong secret');
  assert.equal(error.response?.status, 401, `expected HTTP 401, got ${error.response?.status ?? error.message}`);
});

finish();
