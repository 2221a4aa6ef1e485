/**
 * A stand-in for the backend, for working on the console alone: the same HTTP shapes,
 * scripted answers, and the built console from `out/` on the same origin.
 *
 *   node tests/mock-server/main.mjs [port] [words per second]
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { World } from "./world.mjs";

const OUT = fileURLToPath(new URL("../../out", import.meta.url));
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".txt": "text/plain",
};

const [port = "4010", wordsPerSecond = "60"] = process.argv.slice(2);
const world = new World({
  wordsPerSecond: Number(wordsPerSecond),
  chaosEnabled: process.env.MOCK_CHAOS !== "off",
});

class Refusal extends Error {
  constructor(status, code, title, extra = {}) {
    super(title);
    this.body = { type: "about:blank", title, status, detail: `${title}.`, code, trace_id: null, ...extra };
  }
}

const routes = [
  ["GET", "/api/info", () => info()],
  ["GET", "/api/providers/status", () => providers()],
  ["GET", "/api/breakers", () => ({ items: world.targets().map(({ provider }) => breaker(provider)) })],
  ["GET", "/api/chaos", () => chaos()],
  ["PUT", "/api/chaos/kill-switch/:target", ({ params, body }) => killSwitch(params.target, body)],
  ["POST", "/api/breakers/:act", ({ params, body }) => circuitAct(params.act, body.key)],
  ["GET", "/api/incidents", ({ query }) => incidents(query)],
  ["GET", "/api/tools", () => ({ process: null, servers: [], capabilities: [] })],
  ["GET", "/api/tools/calls", () => ({ items: [], next_cursor: null })],
  ["GET", "/api/threads", ({ query }) => threads(query.get("query") ?? "")],
  ["GET", "/api/threads/:id", ({ params }) => thread(params.id)],
  ["PATCH", "/api/threads/:id", ({ params, body }) => Object.assign(thread(params.id), body)],
  ["DELETE", "/api/threads/:id", ({ params }) => void world.threads.delete(thread(params.id).thread_id)],
  ["GET", "/api/threads/:id/messages", ({ params }) => messages(params.id)],
  ["POST", "/api/runs", ({ body, request }) => accept(body, request.headers["idempotency-key"])],
  ["GET", "/api/runs/:id", ({ params }) => run(params.id).view()],
  ["POST", "/api/runs/:id/cancel", ({ params }) => Object.assign(run(params.id), { cancelled: true }).view()],
  [
    "GET",
    "/api/runs/:id/events",
    ({ params, request, response }) => stream(run(params.id), request, response),
  ],
];

function info() {
  return {
    version: "0.1.0",
    environment: "development",
    simulated: true,
    chaos_enabled: world.chaosEnabled,
    routes: [
      {
        name: "default",
        targets: world.targets().map(({ provider, model }) => `${provider}/${model}`),
        policy: "ordered",
        midstream: "continue",
      },
    ],
    limits: { max_input_chars: 2000 },
  };
}

function providers() {
  const entries = world.targets().map(({ provider, model }, index) => {
    const circuit = world.circuit(provider);
    return [
      provider,
      {
        status: circuit.state === "open" ? "down" : "healthy",
        latency_ms: 42,
        ttft_p50_ms: 350,
        success_rate_pct: 100,
        last_probe_at: null,
        last_attempt_at: null,
        predicted_ttft_ms: null,
        circuit_breaker: { ...circuit, open_elsewhere: 0 },
        kill_switch: world.killSwitch(provider) !== null,
        cooldown_until: null,
        kind: index === 0 ? "openai" : "ollama",
        simulated: true,
        tier: index === 0 ? "primary" : "fallback",
        models: [model],
      },
    ];
  });
  return Object.fromEntries(entries);
}

function breaker(provider) {
  return { key: `provider:${provider}`, successes: 0, consecutive_failures: 0, ...world.circuit(provider) };
}

function chaos() {
  if (!world.chaosEnabled) throw new Refusal(403, "chaos_disabled", "Chaos is disabled");
  const active = [...world.killSwitches.keys()].map((target) => world.killSwitch(target)).filter(Boolean);
  return { enabled: true, halted: false, kill_switches: active, faults: [], fault_kinds: [] };
}

function incidents(query) {
  const wanted = ({ type, at }) =>
    (!query.get("type") || type === query.get("type")) && (!query.get("since") || at >= query.get("since"));
  return { items: world.incidents.filter(wanted), next_cursor: null };
}

function killSwitch(target, body) {
  if (!world.chaosEnabled) throw new Refusal(403, "chaos_disabled", "Chaos is disabled");
  if (!world.circuits.has(target)) throw new Refusal(404, "unknown_target", `There is no target ${target}`);
  return world.setKillSwitch(target, body);
}

function circuitAct(act, key) {
  const provider = key.replace("provider:", "");
  if (!world.circuits.has(provider)) throw new Refusal(404, "unknown_breaker", `There is no circuit ${key}`);
  if (act === "trip") world.trip(provider);
  else world.reset(provider);
  return breaker(provider);
}

function threads(search) {
  const items = [...world.threads.values()].filter(({ title }) =>
    title.toLowerCase().includes(search.toLowerCase()),
  );
  return { items: items.sort((a, b) => b.updated_at.localeCompare(a.updated_at)), next_cursor: null };
}

function thread(id) {
  const found = world.threads.get(id);
  if (!found) throw new Refusal(404, "thread_not_found", "There is no such conversation");
  return found;
}

function messages(id) {
  thread(id);
  return { items: world.messages.filter((message) => message.thread_id === id) };
}

function run(id) {
  const found = world.runs.get(id);
  if (!found) throw new Refusal(404, "run_not_found", "There is no such run");
  return found;
}

function accept(body, key) {
  if (!body.input?.trim()) throw new Refusal(422, "empty_input", "The input is empty");
  if (body.input.includes("reject this"))
    throw new Refusal(503, "store_unavailable", "The database is not available");
  const busy = world.threads.get(body.thread_id)?.active_run_id;
  const started = world.byKey.get(key);
  if (busy && !started)
    throw new Refusal(409, "thread_busy", "An answer is being written in this thread", {
      active_run_id: busy,
    });
  const accepted = started ?? world.startRun(body);
  world.byKey.set(key, accepted);
  const view = accepted.view();
  return [
    202,
    {
      run_id: view.run_id,
      thread_id: view.thread_id,
      status: view.status,
      events_url: view.events_url,
      message_id: view.message_id,
      input_message_id: view.input_message_id,
    },
  ];
}

function stream(source, request, response) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write("retry: 2000\n\n");
  let sent = Number(request.headers["last-event-id"] ?? 0);
  const write = () => {
    for (; sent < source.log.length; sent += 1) {
      const { event, data } = source.log[sent];
      response.write(`id: ${data.seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (event === "completion" || event === "error") response.end();
    }
  };
  const links = world.links.get(source.id) ?? new Set();
  world.links.set(source.id, links.add(response));
  source.readers.add(write);
  response.on("close", () => {
    source.readers.delete(write);
    links.delete(response);
  });
  write();
  return stream;
}

function match(pattern, path) {
  const params = {};
  const parts = path.split("/");
  const names = pattern.split("/");
  if (parts.length !== names.length) return null;
  const fits = names.every((name, index) => {
    if (!name.startsWith(":")) return name === parts[index];
    params[name.slice(1)] = decodeURIComponent(parts[index]);
    return true;
  });
  return fits ? params : null;
}

async function readBody(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

function sendJson(response, status, body, type = "application/json") {
  response.writeHead(status, { "Content-Type": type });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

function sendFile(path, response) {
  const wanted = join(OUT, normalize(path));
  const candidates = [wanted, join(wanted, "index.html")];
  const found = candidates.find((file) => existsSync(file) && statSync(file).isFile());
  const file = found ?? join(OUT, "404.html");
  response.writeHead(found ? 200 : 404, {
    "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
  });
  createReadStream(file).pipe(response);
}

async function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://mock");
  if (!pathname.startsWith("/api/")) return sendFile(pathname, response);
  for (const [method, pattern, answer] of routes) {
    const params = method === request.method && match(pattern, pathname);
    if (!params) continue;
    const body = await readBody(request);
    const result = await answer({ params, body, query: searchParams, request, response });
    if (result === stream) return;
    if (result === undefined) return sendJson(response, 204);
    return Array.isArray(result) ? sendJson(response, ...result) : sendJson(response, 200, result);
  }
  throw new Refusal(404, "not_found", "There is nothing here");
}

createServer((request, response) => {
  handle(request, response).catch((error) => {
    const problem =
      error instanceof Refusal ? error.body : new Refusal(500, "internal_error", String(error)).body;
    sendJson(response, problem.status, problem, "application/problem+json");
  });
}).listen(Number(port), "127.0.0.1", () =>
  console.log(`mock backend and console on http://127.0.0.1:${port}`),
);
