// A page in a real browser that asks an API; what it was told goes to standard output as JSON.

import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

export const told = JSON.parse(readFileSync(0, "utf8"));

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Whatever is not on this machine has no address.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

// Asks what it is told to from a page at told.page, in a context with these options.
export async function ask(options, prepare = async () => {}) {
  const browser = await chromium.launch({ executablePath: told.chromium, args: FLAGS });
  try {
    const context = await browser.newContext(options);
    await prepare(context);
    const page = await context.newPage();
    await page.route(told.page, (route) =>
      route.fulfill({ contentType: "text/html", body: "<title>A shop</title>" }),
    );
    await page.goto(told.page);
    const answers = await page.evaluate(fetchAll, told.asks);
    await context.close();
    console.log(JSON.stringify(answers));
  } finally {
    await browser.close();
  }
}

// Runs in the page.
async function fetchAll(asks) {
  const answers = [];
  for (const { url, ...init } of asks) {
    try {
      const reply = await fetch(url, init);
      const bytes = new Uint8Array(await reply.arrayBuffer());
      const body = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
      answers.push({ status: reply.status, headers: [...reply.headers], body });
    } catch (error) {
      answers.push({ error: String(error) });
    }
  }
  return answers;
}
