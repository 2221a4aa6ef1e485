/**
 * Takes pictures of the console for a person to judge: wide and phone, light and dark.
 *
 *   node scripts/look.mjs <console url> <folder> [scene …]
 */
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium as playwright } from "playwright-core";
import { chromium } from "./chromium.mjs";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const [url, folder, ...wanted] = process.argv.slice(2);
const VIEWS = {
  wide: { viewport: { width: 1280, height: 800 } },
  narrow: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};

const ask = async (page, text) => {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
};
const ended = (page, count = 1) =>
  page
    .locator("[data-testid=answer]:not([aria-busy=true])")
    .nth(count - 1)
    .waitFor({ timeout: 30_000 });
const kill = async (page, name, on) => {
  const dock = page.getByRole("switch", { name: `Kill switch for ${name}` });
  if (!(await dock.isVisible())) await page.getByRole("button", { name: "Chaos", exact: true }).click();
  if ((await dock.getAttribute("aria-checked")) !== String(on)) await dock.click();
  await page.locator(`[role=switch][aria-label="Kill switch for ${name}"][aria-checked=${on}]`).waitFor();
};
const closeDock = async (page) => {
  const close = page.getByRole("dialog", { name: "Chaos" }).getByRole("button", { name: "Close" });
  if (await close.isVisible()) await close.click();
};

const SCENES = {
  async empty(page) {
    await page.getByText("Answers next").waitFor();
  },
  async answer(page) {
    await ask(page, "Explain circuit breakers");
    await ended(page);
  },
  async streaming(page) {
    await ask(page, "Explain circuit breakers");
    await page.getByText("is answering").waitFor();
    await page.waitForTimeout(800);
  },
  async failover(page) {
    await kill(page, "simulated-primary", true);
    await closeDock(page);
    await ask(page, "What is Sentinel, and what does it do when my model provider dies?");
    await ended(page);
    await page.getByRole("button", { name: "Receipt" }).click();
    await page.waitForTimeout(300);
    await kill(page, "simulated-primary", false);
  },
  async failing(page) {
    await kill(page, "simulated-primary", true);
    await kill(page, "simulated-fallback", true);
    await closeDock(page);
    await ask(page, "Is anyone there?");
    await page.getByRole("group", { name: "Answer failed" }).waitFor();
    await kill(page, "simulated-primary", false);
    await kill(page, "simulated-fallback", false);
    await closeDock(page);
  },
  async tool(page) {
    await ask(page, "calculate 17 * 23 + 2 ** 10");
    await ended(page);
    await page.getByText("evaluate").first().click();
  },
  async chaos(page) {
    await page.goto(`${url}/chaos/`);
    await page.getByRole("button", { name: "Trip simulated-fallback" }).click();
    await page.getByRole("switch", { name: "Kill switch for simulated-primary" }).click();
    await page.getByText("Kill switch on").first().waitFor();
    await page.waitForTimeout(1500);
    return async () => {
      await page.getByRole("button", { name: "Reset simulated-fallback" }).click();
      await page.getByRole("button", { name: "Turn off the kill switch for simulated-primary" }).click();
      await page.getByText("Kill switch on").first().waitFor({ state: "detached" });
    };
  },
  async tools(page) {
    await ask(page, "calculate 17 * 23 + 2 ** 10");
    await ended(page);
    await page.goto(`${url}/tools/?server=calculator&tool=evaluate`);
    await page.getByRole("region", { name: "Figures" }).waitFor();
  },
  async incidents(page) {
    await kill(page, "simulated-primary", true);
    await kill(page, "simulated-primary", false);
    await page.goto(`${url}/incidents/`);
    await page.getByText("Facts").first().click();
  },
  async undelivered(page) {
    await ask(page, "reject this, please");
    await page.getByText("Not delivered").waitFor();
  },
  async drawer(page) {
    const menu = page.getByRole("button", { name: "Menu" });
    if (await menu.isVisible()) await menu.click();
  },
  async help(page) {
    const button = page.getByRole("button", { name: "Keyboard shortcuts" });
    if (await button.isVisible()) await button.click();
  },
  async missing(page) {
    await page.goto(`${url}/nowhere/`);
  },
};

await mkdir(folder, { recursive: true });
const { executable, environment } = await chromium();
const browser = await playwright.launch({
  executablePath: executable,
  args: ["--no-sandbox", "--font-render-hinting=none"],
  env: { ...process.env, ...environment },
});
for (const scene of wanted.length > 0 ? wanted : Object.keys(SCENES)) {
  for (const [view, options] of Object.entries(VIEWS)) {
    for (const colorScheme of ["light", "dark"]) await shoot(scene, view, options, colorScheme);
  }
}
await browser.close();

async function shoot(scene, view, options, colorScheme) {
  const context = await browser.newContext({ ...options, colorScheme });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const name = `${scene}-${view}-${colorScheme}`;
  let tidyUp;
  try {
    await page.goto(url);
    await page.getByTestId("provider-strip").waitFor();
    tidyUp = await SCENES[scene](page);
  } catch (error) {
    complaints.push(String(error).split("\n")[0]);
  }
  await page.waitForTimeout(250);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  await page.addScriptTag({ path: axePath });
  const { violations } = await page.evaluate(() => window.axe.run());
  const serious = violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((n) => n.target.join(" ")).join(", ")}`,
  );
  console.log(JSON.stringify({ name, sideways, complaints, violations: serious }));
  await tidyUp?.();
  await context.close();
}
