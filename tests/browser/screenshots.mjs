// Photographs every page: screenshots.mjs PAGES-FOLDER PICTURES-FOLDER [NAME-PART]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { browser as launch, open, pages, serve, THEMES, WIDTHS } from "./served.mjs";

const [folder, pictures, part = ""] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const { server, base } = await serve(folder);
const browser = await launch();
let count = 0;
for (const name of pages(folder).filter((name) => name.includes(part))) {
  for (const theme of THEMES) {
    for (const [device, viewport] of Object.entries(WIDTHS)) {
      const { page, close } = await open(browser, base, name, theme, viewport);
      await page.screenshot({ path: join(pictures, `${name}.${theme}.${device}.png`), fullPage: true });
      await close();
      count += 1;
    }
  }
}
await browser.close();
server.close();
console.log(`${count} screenshots in ${pictures}`);
