const answered = new Map();

/** Have every request answered from the beginning of its replies again. */
export const rewind = () => answered.clear();

/** One handler for each method and URL. A request that was not recorded falls through. */
export const handlers = recorded.map(({ method, url, requests }) =>
  methodOf(method)(exactly(url), async ({ request }) => {
    if (request.method !== method) return;
    const body = new Uint8Array(await request.clone().arrayBuffer());
    const met = requests.find((each) => asksTheSame(each, request, body));
    return met && replyTo(met);
  }),
);

function methodOf(method) {
  const name = method.toLowerCase();
  return Object.hasOwn(http, name) ? http[name] : http.all;
}

function exactly(url) {
  const { origin, pathname } = new URL(url);
  return new RegExp(`^${escaped(origin + pathname)}$`);
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|\/-]/g, "\\$&");
}

function asksTheSame({ query, headers, ...content }, request, body) {
  return (
    says(sorted(query), sorted([...new URL(request.url).searchParams])) &&
    Object.entries(headers).every(([name, value]) => says(value, request.headers.get(name))) &&
    hasBody(content, body)
  );
}

function sorted(pairs) {
  return [...pairs].sort(([a, b], [c, d]) => compare(a, c) || compare(b, d));
}

function compare(one, other) {
  return one < other ? -1 : Number(one > other);
}

function hasBody({ json, text = "", base64 }, body) {
  if (base64 !== undefined) return says([...bytesOf(base64)], [...body]);
  const asked = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
  if (json === undefined) return says(text, asked);
  try {
    return says(json, JSON.parse(asked));
  } catch {
    return false;
  }
}

/** Whether two JSON values are the same; anything may stand where a recording hides a secret. */
function says(recorded, asked) {
  if (typeof recorded === "string") return typeof asked === "string" && fits(recorded, asked);
  if (!isObject(recorded) || !isObject(asked)) return recorded === asked;
  const names = Object.keys(recorded);
  return (
    Array.isArray(recorded) === Array.isArray(asked) &&
    names.length === Object.keys(asked).length &&
    names.every((name) => Object.hasOwn(asked, name) && says(recorded[name], asked[name]))
  );
}

function fits(recorded, asked) {
  const parts = recorded.split(/\[redacted(?: [\w.-]+)?\]/);
  return parts.length === 1
    ? recorded === asked
    : new RegExp(`^${parts.map(escaped).join("[^]*")}$`).test(asked);
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

/** The reply whose turn it is; the last one stays. */
function replyTo(met) {
  const turn = answered.get(met) ?? 0;
  answered.set(met, turn + 1);
  const { status, statusText, headers, json, text, base64 } = met.replies[
    Math.min(turn, met.replies.length - 1)
  ];
  const content = json === undefined ? text : JSON.stringify(json);
  // As bytes: with text, a content type would be added.
  const body = base64 === undefined ? new TextEncoder().encode(content) : bytesOf(base64);
  // These have no body, not even an empty one.
  const bodiless = [204, 205, 304].includes(status);
  return new HttpResponse(bodiless ? null : body, { status, statusText, headers });
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
