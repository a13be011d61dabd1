// The pages that `examples/pages.rs` wrote, served with the headers that the server gives them, and a browser to look at
// them: what is seen and checked is what the Content-Security-Policy lets through.
import { createServer } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const THEMES = ["light", "dark"];
export const WIDTHS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };


export function pages(folder) {
  return readdirSync(folder).filter((name) => name.endsWith(".html")).map((name) => name.slice(0, -5)).sort();
}

export async function serve(folder) {
  const server = createServer((request, response) => {
    const [name, still] = request.url.slice(1).split("?");
    if (!/^[A-Za-z0-9.-]+$/.test(name)) return response.writeHead(404).end();
    try {
      const headers = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
      const markup = readFileSync(join(folder, `${name}.html`), "utf8");
      const { ":status": status, ...others } = headers;
      response.writeHead(Number(status), others).end(still ? stilled(markup) : markup);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { server, base: `http://127.0.0.1:${server.address().port}` };
}

export function browser() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

// Pages that go elsewhere by themselves.
export const LEAVING = /^(form-post|signed-out-leaving)\./;

// As those see it who have no scripts.
const stilled = (markup) => markup.replace(/<script>[^]*?<\/script>/g, "").replace(/<\/?noscript>/g, "");

// Opens a page in a theme and width; of one that would leave, the form without scripts. What the policy refused, or a
// script stumbled over, is a complaint.
export async function open(browser, base, name, theme, viewport) {
  const context = await browser.newContext({ viewport, colorScheme: theme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.route((url) => url.origin !== base, (route) => route.fulfill({ status: 200, body: "" }));
  await page.goto(`${base}/${name}${LEAVING.test(name) ? "?still" : ""}`);
  return { page, complaints, close: () => context.close() };
}

// Where a page goes by itself: method and address of the first request that leaves us in its own window.
export async function destination(browser, base, name) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route((url) => url.origin !== base, (route) => route.fulfill({ status: 200, body: "" }));
  const leaves = (request) => !request.url().startsWith(base) && request.frame() === page.mainFrame();
  const request = page.waitForRequest(leaves, { timeout: 15000 }).catch(() => null);
  await page.goto(`${base}/${name}`, { waitUntil: "commit" });
  const found = await request;
  await context.close();
  return found && `${found.method()} ${found.url()}`;
}
