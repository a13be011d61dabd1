// Checks every page: accessibility.mjs PAGES-FOLDER [NAME-PART]
//
// axe-core finds nothing (WCAG 2.2 AA and its own good practice) in either theme and at either width (the colours do not
// know the width, nor the layout the colours, so two of the four are enough); no page scrolls sideways at 320 CSS pixels or at twice the text size; the policy refuses nothing of ours; each control is reached by
// the keyboard and shows that it is; pages that leave by themselves do. Prints a line per page and "N passed, N failed".
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { browser as launch, destination, LEAVING, open, pages, serve, WIDTHS } from "./served.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(
    (tags) => window.axe.run(document, { runOnly: { type: "tag", values: tags }, iframes: false }),
    tags,
  );
  return found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

async function sideways(page, what) {
  const wider = await page.evaluate(() => {
    const root = document.scrollingElement;
    return root.scrollWidth > root.clientWidth ? root.scrollWidth - root.clientWidth : 0;
  });
  return wider > 0 ? [`scrolls sideways by ${wider} px ${what}`] : [];
}

// Every control that can be seen takes the focus in turn, and is outlined when it has it.
async function keyboard(page) {
  const expected = await page.evaluate(() => {
    const controls = [...document.querySelectorAll("a[href], button, input, select, summary, pre[tabindex]")];
    return controls.filter((control) => control.checkVisibility() && control.type !== "hidden").length;
  });
  const reached = new Set();
  const plain = new Set();
  for (let step = 0; step < expected + 2; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const control = document.activeElement;
      if (!control || control === document.body) return null;
      const style = getComputedStyle(control);
      const all = [...document.querySelectorAll("*")];
      return { index: all.indexOf(control), name: control.outerHTML.slice(0, 60), outlined: parseFloat(style.outlineWidth) >= 2 };
    });
    if (!at) continue;
    reached.add(at.index);
    if (!at.outlined) plain.add(at.name);
  }
  const problems = [...plain].map((name) => `has the focus and does not show it: ${name}`);
  if (reached.size !== expected) problems.push(`the keyboard reaches ${reached.size} of ${expected} controls`);
  return problems;
}

const [folder, part = ""] = process.argv.slice(2);
const { server, base } = await serve(folder);
const browser = await launch();
let passed = 0;
let failed = 0;
for (const name of pages(folder).filter((name) => name.includes(part))) {
  const problems = [];
  for (const [theme, device] of [["light", "phone"], ["dark", "desktop"]]) {
    const { page, complaints, close } = await open(browser, base, name, theme, WIDTHS[device]);
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    problems.push(...(await violations(page)).map((one) => `${theme}, ${device}: ${one}`));
    if (device === "desktop") {
      problems.push(...(await keyboard(page)));
      await page.setViewportSize({ width: 640, height: 400 });
      problems.push(...(await sideways(page, "at 640 px")));
    } else {
      await page.setViewportSize({ width: 320, height: 640 });
      problems.push(...(await sideways(page, "at 320 px")));
    }
    problems.push(...complaints);
    await close();
  }
  if (LEAVING.test(name) && !(await destination(browser, base, name))) problems.push("does not leave by itself");
  console.log(`${problems.length ? "FAIL" : "ok  "} ${name}`);
  for (const problem of new Set(problems)) console.log(`       ${problem}`);
  problems.length ? (failed += 1) : (passed += 1);
}
await browser.close();
server.close();
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
