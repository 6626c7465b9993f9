// The page's requests reach the API, and Playwright writes them to a HAR.

import { ask, told } from "./browser.mjs";

await ask({ recordHar: { path: told.har, content: told.content } });
