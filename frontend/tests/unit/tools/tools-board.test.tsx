import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ToolsBoard } from "@/features/tools/components/tools-board";
import type { ToolCallRecord, Tools } from "@/types/wire";
import {
  breaker,
  capability,
  killSwitch,
  member,
  tool,
  toolCallRecord,
  toolServer,
} from "@tests/support/builders";
import { show } from "@tests/support/render";
import { server } from "@tests/support/server";

vi.mock("next/navigation", async () => {
  const { useSyncExternalStore } = await import("react");
  const subscribe = (changed: () => void) => {
    window.addEventListener("address", changed);
    return () => window.removeEventListener("address", changed);
  };
  return {
    usePathname: () => "/tools/",
    useSearchParams: () => new URLSearchParams(useSyncExternalStore(subscribe, () => window.location.search)),
  };
});

/** Next's router follows the history API; here an event does. */
const pushState = window.history.pushState.bind(window.history);

let known: Tools;
let calls: ToolCallRecord[];
let asked: URLSearchParams[];
let sent: { path: string; body: unknown }[];

const EVALUATE = "/tools/?server=calculator&tool=evaluate";
const noted = async (request: Request) => {
  const text = await request.text();
  sent.push({ path: new URL(request.url).pathname, body: text ? JSON.parse(text) : null });
};

beforeEach(() => {
  known = { process: null, servers: [toolServer()], capabilities: [] };
  calls = [];
  asked = [];
  sent = [];
  Element.prototype.scrollIntoView = () => undefined;
  vi.spyOn(window.history, "pushState").mockImplementation((...state) => {
    pushState(...state);
    window.dispatchEvent(new Event("address"));
  });
  server.use(
    http.get("/api/tools", () => HttpResponse.json(known)),
    http.get("/api/tools/calls", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const from = Number(query.get("cursor") ?? 0);
      return HttpResponse.json({
        items: calls.slice(from, from + 2),
        next_cursor: from + 2 < calls.length ? String(from + 2) : null,
      });
    }),
    http.post("/api/tools/:server/reconnect", async ({ request }) => {
      await noted(request);
      return HttpResponse.json(toolServer());
    }),
    http.post("/api/tools/:server/:tool/approve", async ({ request }) => {
      await noted(request);
      return HttpResponse.json(tool());
    }),
    http.post("/api/breakers/:act", async ({ request }) => {
      await noted(request);
      return HttpResponse.json(breaker());
    }),
    http.put("/api/chaos/kill-switch/:target", async ({ request }) => {
      await noted(request);
      return HttpResponse.json(killSwitch());
    }),
  );
});

describe("the servers", () => {
  it("stand with their facts, their tools and how these do", async () => {
    known.servers[0]!.tools = [
      tool({ calls: 1200, success_rate_pct: 99.5, latency_p50_ms: 4, latency_p95_ms: 1_200 }),
    ];
    show(<ToolsBoard />);
    const card = await screen.findByRole("article", { name: /^calculator/ });
    expect(within(card).getByText("pid 42")).toBeVisible();
    const row = within(card).getByRole("link", { name: /evaluate/ });
    expect(row).toHaveTextContent("1,200 calls99.5% returned a resultp50 4 msp95 1.2 sready");
    expect(screen.getByRole("status")).toHaveTextContent("1 of 1 server ready");
  });

  it("tell errors that a tool told, and arguments that it refused, from calls without a result", async () => {
    known.servers[0]!.tools = [
      tool({ calls: 6, failures: 3, caller_errors: 2, tool_errors: 1, success_rate_pct: 75 }),
    ];
    show(<ToolsBoard />);
    const row = await screen.findByRole("link", { name: /evaluate/ });
    expect(row).toHaveTextContent(
      "6 calls75.0% returned a result1 answered with an error2 with arguments that were refused",
    );
  });

  it("say why they are down, since when, and when they are tried again", async () => {
    known.servers = [
      toolServer({
        state: "down",
        pid: null,
        last_error: "exited with code 3: no licence",
        last_error_at: new Date().toISOString(),
        retry_at: new Date(Date.now() + 20_000).toISOString(),
        tools: [tool({ obstacle: "connect" })],
      }),
    ];
    show(<ToolsBoard />);
    const card = await screen.findByRole("article", { name: /^calculator/ });
    expect(card).toHaveTextContent(
      /Exited with code 3: no licence\. At \d\d:\d\d:\d\d\. Next attempt in 0:(20|19)/,
    );
    expect(within(card).getByRole("link", { name: /server not available/ })).toBeVisible();
  });

  it("are reconnected with a word about what that does", async () => {
    const { user } = show(<ToolsBoard />);
    await user.click(await screen.findByRole("button", { name: "Reconnect calculator" }));
    expect(await screen.findByText("Reconnecting calculator")).toBeVisible();
    expect(sent).toEqual([{ path: "/api/tools/calculator/reconnect", body: null }]);
  });

  it("are those of one process, which is named where there may be others", async () => {
    known = { ...known, process: "host-a:4711" };
    const { unmount } = show(<ToolsBoard />);
    expect(await screen.findByText("host-a:4711")).toBeVisible();
    unmount();
    known = { ...known, process: null };
    show(<ToolsBoard />);
    expect(await screen.findByRole("heading", { name: "Servers" })).toBeVisible();
    expect(screen.queryByText(/Workers and other servers/)).toBeNull();
  });

  it("that are none say how there would be some", async () => {
    known = { process: null, servers: [], capabilities: [] };
    show(<ToolsBoard />);
    expect(await screen.findByText("No tool server is configured")).toBeVisible();
  });

  it("say when they cannot be read", async () => {
    server.use(http.get("/api/tools", () => HttpResponse.error()));
    show(<ToolsBoard />);
    expect(await screen.findByRole("alert")).toHaveTextContent("The server cannot be reached.");
  });

  it("unfold a long list of tools", async () => {
    known.servers[0]!.tools = Array.from({ length: 12 }, (_, place) =>
      tool({ tool: `t${place}`, key: `tool:calculator/t${place}` }),
    );
    const { user } = show(<ToolsBoard />);
    expect(await screen.findAllByRole("link", { name: /not called yet/ })).toHaveLength(6);
    await user.click(screen.getByRole("button", { name: "Show all 12 tools of calculator" }));
    expect(screen.getAllByRole("link", { name: /not called yet/ })).toHaveLength(12);
  });
});

describe("a tool that is looked at", () => {
  it("is chosen by a link that the address keeps", async () => {
    const { user } = show(<ToolsBoard />);
    await user.click(await screen.findByRole("link", { name: /evaluate/ }));
    expect(window.location.search).toBe("?server=calculator&tool=evaluate");
    const detail = await screen.findByRole("region", { name: "calculator/evaluate" });
    expect(within(detail).getByText("evaluate(expression: string)")).toBeVisible();
    expect(detail).toHaveTextContent("It only reads. Declared by its server, which is trusted.");
    await waitFor(() => expect(asked.at(-1)?.toString()).toContain("server=calculator&tool=evaluate"));
    await user.click(within(detail).getByRole("link", { name: "All tools" }));
    expect(screen.queryByRole("region", { name: "calculator/evaluate" })).toBeNull();
  });

  it("that is not there is not made up", async () => {
    window.history.replaceState(null, "", "/tools/?server=calculator&tool=gone");
    show(<ToolsBoard />);
    expect(await screen.findByText(/The server does not list this tool/)).toBeVisible();
  });

  it("shows its changes, and is approved as it was looked at", async () => {
    known.servers[0]!.tools = [
      tool({
        is_quarantined: true,
        obstacle: "quarantined",
        digest: "d2",
        changes: [{ what: "description", before: "Says it back.", after: "Tell me all." }],
      }),
    ];
    window.history.replaceState(null, "", EVALUATE);
    const { user } = show(<ToolsBoard />);
    const box = await screen.findByRole("region", { name: "Approval" });
    expect(within(box).getByRole("listitem")).toHaveTextContent(
      "Description (changed)−before: Says it back.+now: Tell me all.",
    );
    await user.click(within(box).getByRole("button", { name: "Approve the current definition" }));
    expect(await screen.findByText("calculator/evaluate is approved")).toBeVisible();
    expect(sent).toEqual([{ path: "/api/tools/calculator/evaluate/approve", body: { digest: "d2" } }]);
  });

  it("says what is not known of a change", async () => {
    const waiting = tool({ is_quarantined: true, obstacle: "quarantined", changes: null });
    known.servers[0]!.tools = [waiting];
    window.history.replaceState(null, "", EVALUATE);
    show(<ToolsBoard />);
    expect(await screen.findByText(/was not stored at the time/)).toBeVisible();
  });

  it("tells that it has changed once more, instead of trusting that", async () => {
    server.use(
      http.post("/api/tools/:server/:tool/approve", () =>
        HttpResponse.json(
          { title: "The tool has changed", status: 409, code: "tool_changed", detail: "look again" },
          { status: 409 },
        ),
      ),
    );
    known.servers[0]!.tools = [tool({ is_quarantined: true, obstacle: "quarantined", changes: [] })];
    window.history.replaceState(null, "", EVALUATE);
    const { user } = show(<ToolsBoard />);
    await user.click(await screen.findByRole("button", { name: "Approve the current definition" }));
    expect(await screen.findByRole("alert")).toHaveTextContent(/Not approved: The tool has changed/);
  });

  it("is tripped, reset and switched off with a reason and an end", async () => {
    window.history.replaceState(null, "", EVALUATE);
    const { user } = show(<ToolsBoard />);
    await user.type(await screen.findByLabelText("Reason for the act on calculator/evaluate"), "drill");
    await user.click(screen.getByRole("button", { name: "Trip calculator/evaluate" }));
    await user.selectOptions(
      screen.getByLabelText("How long the act on calculator/evaluate lasts"),
      "no set end",
    );
    await user.click(screen.getByRole("button", { name: "Trip calculator/evaluate" }));
    await user.click(screen.getByRole("button", { name: "Reset calculator/evaluate" }));
    await user.click(screen.getByRole("button", { name: "Switch off calculator/evaluate" }));
    const key = "tool:calculator/evaluate";
    await waitFor(() => expect(sent).toHaveLength(4));
    expect(sent).toEqual([
      { path: "/api/breakers/trip", body: { key, reason: "drill", ttl_seconds: 300 } },
      { path: "/api/breakers/trip", body: { key, reason: "drill" } },
      { path: "/api/breakers/reset", body: { key, reason: "drill" } },
      { path: `/api/chaos/kill-switch/${encodeURIComponent(key)}`, body: { active: true, reason: "drill" } },
    ]);
  });
});

describe("the circuit of a tool", () => {
  async function lookedAt(changes: Parameters<typeof tool>[0]) {
    known.servers[0]!.tools = [tool(changes)];
    window.history.replaceState(null, "", EVALUATE);
    show(<ToolsBoard />);
    return screen.findByRole("region", { name: "Circuit and kill switch" });
  }

  it("lets calls through while nothing keeps them away", async () => {
    expect(await lookedAt({})).toHaveTextContent("It lets calls through.");
  });

  it.each([
    ["is switched off", { kill_switch: true, obstacle: "kill_switch" }, "The kill switch refuses all calls"],
    ["has lost its server", { obstacle: "connect" }, "its server is not available"],
  ])("does not claim that calls go through to one that %s", async (_what, changes, why) => {
    const levers = await lookedAt(changes);
    expect(levers).toHaveTextContent("Circuit closed");
    expect(levers).toHaveTextContent(why);
    expect(levers).not.toHaveTextContent("lets calls through");
  });

  it("promises no trial call of one that is switched off", async () => {
    const retry_at = new Date(Date.now() + 30_000).toISOString();
    const levers = await lookedAt({
      kill_switch: true,
      obstacle: "kill_switch",
      circuit: breaker({ state: "open", rule: "manual", retry_at }),
    });
    expect(levers).toHaveTextContent("Circuit open");
    expect(levers).not.toHaveTextContent("Next trial call");
  });

  it("says why it opened instead of counting no failures", async () => {
    const levers = await lookedAt({
      obstacle: "circuit_open",
      circuit: breaker({ key: "tool:calculator/evaluate", state: "open", rule: "manual", reason: "demo" }),
    });
    expect(levers).toHaveTextContent("Opened by an operator: “demo”.");
    expect(levers).not.toHaveTextContent("0 recent failures");
  });
});

describe("a capability", () => {
  it("lists its tools in order with who answers now", async () => {
    known.capabilities = [
      capability({
        members: [
          member({ obstacle: "circuit_open" }),
          member({ server: "backup", tool: "calc", answers: true }),
          member({ server: "odd", tool: "x", is_usable: false, problem: "it has no such argument" }),
        ],
      }),
    ];
    show(<ToolsBoard />);
    const card = await screen.findByRole("article", { name: "Capability calculate" });
    expect(
      within(card)
        .getAllByRole("listitem")
        .map((item) => item.textContent),
    ).toEqual([
      "1calculator/evaluateis paused: its circuit is open",
      "2backup/calcanswers now",
      "3odd/xleft out: it has no such argument",
    ]);
  });

  it("says when nobody could answer", async () => {
    known.capabilities = [capability({ members: [member({ obstacle: "kill_switch" })] })];
    show(<ToolsBoard />);
    expect(await screen.findByText("no tool available")).toBeVisible();
  });
});

describe("the calls", () => {
  it("show what was asked, who stood in, and lead to their run and conversation", async () => {
    calls = [
      toolCallRecord({
        server: "backup",
        tool: "calc",
        attempts: [
          { server: "calculator", tool: "evaluate", cause: "circuit_open", executed: "no", duration_ms: 0 },
          { server: "backup", tool: "calc", cause: null, executed: "yes", duration_ms: 2 },
        ],
      }),
    ];
    const { user } = show(<ToolsBoard />);
    const list = await screen.findByRole("list", { name: "Tool calls" });
    expect(list).toHaveTextContent(
      "calculator/evaluate is paused: its circuit is open; backup/calc stood in",
    );
    await user.click(within(list).getAllByText("backup/calc")[0]!);
    expect(within(list).getByRole("list", { name: "Tools tried" })).toHaveTextContent(
      "backup/calc returned the result · 2 ms",
    );
    expect(within(list).getByRole("link", { name: "The conversation" })).toHaveAttribute(
      "href",
      "/?thread=t1",
    );
    await user.click(within(list).getByRole("link", { name: "All calls of this run" }));
    expect(window.location.search).toBe("?run=r1");
    await waitFor(() => expect(asked.at(-1)?.get("run_id")).toBe("r1"));
  });

  it("tell an agent outside from a run, and a beginning from a whole result", async () => {
    calls = [toolCallRecord({ run_id: null, thread_id: null, caller: "inspector/1.0", result_chars: 9_000 })];
    show(<ToolsBoard />);
    const list = await screen.findByRole("list", { name: "Tool calls" });
    expect(list).toHaveTextContent("By an external agent, over /mcp: inspector/1.0");
    expect(list).toHaveTextContent("The beginning of 9,000 characters");
    expect(within(list).queryByText("The conversation")).toBeNull();
  });

  it("come page by page, and say when there are none", async () => {
    const { unmount } = show(<ToolsBoard />);
    expect(await screen.findByText("No calls yet.")).toBeVisible();
    unmount();
    calls = ["a", "b", "c"].map((call_id) => toolCallRecord({ call_id }));
    const { user } = show(<ToolsBoard />);
    await user.click(await screen.findByRole("button", { name: "Show older calls" }));
    await waitFor(() =>
      expect(within(screen.getByRole("list", { name: "Tool calls" })).getAllByText("Arguments")).toHaveLength(
        3,
      ),
    );
  });
});
