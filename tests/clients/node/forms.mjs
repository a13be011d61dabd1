// A browser by hand, for pages that need no script: cookies, forms and redirects over fetch.

/** A browser without scripts, pictures or manners: cookies and forms by hand. */
export class Client {
  cookies = new Map();

  async send(url, { method = 'GET', form, headers = {} } = {}) {
    const jar = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { accept: 'text/html', ...(jar ? { cookie: jar } : {}), ...headers },
      body: form ? new URLSearchParams(form) : undefined,
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (value === '' || attributes.some((one) => /^\s*max-age=0$/i.test(one))) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, location: answer.headers.get('location'), text, url };
  }

  /** The form that has the button with this value: its address and what it sends. */
  form(page, value) {
    for (const [, attributes, inside] of page.text.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
      const button = [...inside.matchAll(/<button([^>]*)>/g)].map(([, text]) => attribute(text)).find((one) => one.value === value);
      if (!button) continue;
      const fields = { [button.name]: value };
      for (const [, text] of inside.matchAll(/<input([^>]*)>/g)) {
        const input = attribute(text);
        if (input.name && input.value !== undefined) fields[input.name] = input.value;
      }
      return { action: new URL(attribute(attributes).action, page.url).href, fields };
    }
    throw new Error(`no form with a button ${value} (HTTP ${page.status}): ${page.text.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(0, 200)}`);
  }

  async submit(page, value, more = {}) {
    const { action, fields } = this.form(page, value);
    return this.send(action, { method: 'POST', form: { ...fields, ...more } });
  }

  /** Follows redirects on the server's own origin, up to an answer for an application, which may be there too. */
  async follow(answer) {
    let last = answer;
    for (let hops = 0; last.location && hops < 6; hops += 1) {
      const next = new URL(last.location, last.url);
      const answers = next.searchParams.has('code') || next.searchParams.has('error');
      if (answers || next.origin !== new URL(last.url).origin) return { ...last, location: next.href };
      last = await this.send(next.href);
    }
    return last;
  }

  async logIn(url, user) {
    const page = await this.follow(await this.send(url));
    return this.follow(await this.submit(page, 'login', { username: user.username, password: user.password }));
  }
}

function attribute(text) {
  const out = {};
  for (const [, name, value] of text.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)) {
    out[name] = value?.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&#38;', '&').replaceAll('&lt;', '<').replaceAll('&#60;', '<').replaceAll('&gt;', '>').replaceAll('&#62;', '>').replaceAll('&amp;', '&');
  }
  return out;
}
