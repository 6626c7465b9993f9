// Asks the handlers of ./handlers.mjs through Node's fetch: requests on stdin, replies on stdout.
import { text } from "node:stream/consumers";
import { setupServer } from "msw/node";
import { handlers, rewind } from "./handlers.mjs";

const server = setupServer(...handlers);
// Nothing leaves this process.
server.listen({ onUnhandledRequest: "error" });

async function answer({ method, url, headers, body }) {
  if (method === "REWIND") return rewind();
  const content = body === "" ? undefined : Buffer.from(body, "base64");
  try {
    const reply = await fetch(url, { method, headers, body: content });
    const bytes = Buffer.from(await reply.arrayBuffer());
    const { status, statusText } = reply;
    return { status, statusText, headers: [...reply.headers], body: bytes.toString("base64") };
  } catch {
    return null;
  }
}

const replies = [];
for (const request of JSON.parse(await text(process.stdin))) replies.push(await answer(request));
process.stdout.write(JSON.stringify(replies));
server.close();
