// Every request of the page is answered from a HAR, or fails.

import { ask, told } from "./browser.mjs";

await ask({}, (context) => context.routeFromHAR(told.har, { notFound: "abort" }));
