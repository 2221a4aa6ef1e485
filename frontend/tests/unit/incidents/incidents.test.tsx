import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { IncidentList } from "@/features/incidents/components/incident-list";
import { factsOf, toneOf, typeWord } from "@/features/incidents/words";
import type { Incident } from "@/types/wire";
import { incident } from "@tests/support/builders";
import { show } from "@tests/support/render";
import { server } from "@tests/support/server";

vi.mock("next/navigation", async () => {
  const { useSyncExternalStore } = await import("react");
  const subscribe = (changed: () => void) => {
    window.addEventListener("address", changed);
    return () => window.removeEventListener("address", changed);
  };
  return {
    useSearchParams: () => new URLSearchParams(useSyncExternalStore(subscribe, () => window.location.search)),
  };
});

/** Next's router follows the history API; here an event does. */
const replaceState = window.history.replaceState.bind(window.history);

let known: Incident[];
let asked: URLSearchParams[];

beforeEach(() => {
  known = [];
  asked = [];
  vi.spyOn(window.history, "replaceState").mockImplementation((...state) => {
    replaceState(...state);
    window.dispatchEvent(new Event("address"));
  });
  server.use(
    http.get("/api/incidents", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const from = Number(query.get("cursor") ?? 0);
      const items = known.filter(({ type }) => !query.get("type") || type === query.get("type"));
      const next = from + 2 < items.length ? String(from + 2) : null;
      return HttpResponse.json({ items: items.slice(from, from + 2), next_cursor: next });
    }),
  );
});

const rows = () => screen.findAllByRole("article");

describe("the incidents", () => {
  it("stand under their days with what happened, how often and by whom", async () => {
    known = [
      incident({
        type: "chaos",
        title: "Kill switch of openai on",
        detail: null,
        key: "openai",
        actor: "ann",
        reason: "drill",
        at: new Date().toISOString(),
      }),
      incident({
        incident_id: "i2",
        count: 1200,
        data: { failures: 5, open_until: null },
        request_id: "r-7",
      }),
    ];
    show(<IncidentList />);
    const [first, second] = await rows();
    expect(
      within(screen.getByRole("region", { name: "Today" })).getByText("Kill switch of openai on"),
    ).toBeVisible();
    expect(first).toHaveTextContent("By ann: “drill”");
    expect(second).toHaveTextContent("× 1,200");
    expect(second).toHaveTextContent("Too many calls failed in a row.");
    expect(within(second!).getByText("provider:simulated-primary")).toBeVisible();
    expect(within(second!).getByText("r-7")).toBeInTheDocument();
    expect(within(second!).queryByText("open until")).toBeNull();
    expect(screen.getByRole("status")).toHaveTextContent("2 incidents");
  });

  it("lead to the conversation that they are about", async () => {
    known = [incident({ type: "run_recovered", data: { recovered: 1, thread_id: "t 1" } }), incident()];
    show(<IncidentList />);
    const [first, second] = await rows();
    expect(within(first!).getByRole("link", { name: "The conversation" })).toHaveAttribute(
      "href",
      "/?thread=t%201",
    );
    expect(within(second!).queryByRole("link")).toBeNull();
  });

  it("say that nothing has happened", async () => {
    show(<IncidentList />);
    expect(await screen.findByText("No incidents yet")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Show all incidents" })).toBeNull();
  });

  it("are looked up by type and time, which the address keeps", async () => {
    known = [
      incident(),
      incident({ incident_id: "i2", type: "outage", severity: "critical", title: "one is out" }),
    ];
    const { user } = show(<IncidentList />);
    await rows();
    await user.selectOptions(screen.getByLabelText("Type of incident"), "Outage");
    await waitFor(() => expect(screen.getAllByRole("article")).toHaveLength(1));
    await user.selectOptions(screen.getByLabelText("Time of the incident"), "Last hour");
    expect(window.location.search).toBe("?type=outage&since=1h");
    await waitFor(() => expect(asked.at(-1)?.get("since")).toBeTruthy());
    const age = Date.now() - Date.parse(asked.at(-1)!.get("since")!);
    expect(age).toBeGreaterThanOrEqual(3_600_000);
    expect(age).toBeLessThan(3_660_000);
  });

  it("come as the address says, and what it has wrong is left out", async () => {
    window.history.replaceState(null, "", "/?type=outage&since=ever");
    const { user } = show(<IncidentList />);
    expect(await screen.findByText("No matching incidents")).toBeVisible();
    expect(asked.map((query) => query.toString())).toEqual(["limit=50&type=outage"]);
    known = [incident()];
    await user.click(screen.getByRole("button", { name: "Show all incidents" }));
    expect(await rows()).toHaveLength(1);
    expect(window.location.search).toBe("");
  });

  it("come page by page", async () => {
    known = ["i1", "i2", "i3"].map((id) => incident({ incident_id: id }));
    const { user } = show(<IncidentList />);
    expect(await rows()).toHaveLength(2);
    expect(screen.getByRole("status")).toHaveTextContent("the newest 2");
    await user.click(screen.getByRole("button", { name: "Show older" }));
    await waitFor(() => expect(screen.getAllByRole("article")).toHaveLength(3));
    expect(screen.queryByRole("button", { name: "Show older" })).toBeNull();
  });

  it("say when they cannot be read", async () => {
    server.use(
      http.get("/api/incidents", () =>
        HttpResponse.json(
          { title: "The database is away", status: 503, code: "store_unavailable" },
          { status: 503 },
        ),
      ),
    );
    show(<IncidentList />);
    expect(await screen.findByRole("alert")).toHaveTextContent("The database is away.");
  });

  it("keep themselves up to date", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      show(<IncidentList />);
      expect(await screen.findByText("No incidents yet")).toBeVisible();
      known = [incident()];
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await rows()).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("their words", () => {
  it("give each type its tone, with a way out for types to come", () => {
    expect(toneOf(incident({ type: "outage", severity: "critical" }))).toBe("bad");
    expect(toneOf(incident())).toBe("warn");
    expect(toneOf(incident({ type: "recovery", severity: "info" }))).toBe("ok");
    expect(toneOf(incident({ type: "chaos", severity: "info" }))).toBe("idle");
    expect(typeWord("something_new")).toBe("something new");
  });

  it("say by which rule a circuit opened", () => {
    expect(factsOf({ rule: "B" })).toEqual([["rule", "too many calls failed in a row (B)"]]);
  });

  it("show plain facts only", () => {
    const data = { failures: 5, targets: ["a/b", "c/d"], open_until: null, deep: { a: 1 } };
    expect(factsOf(data)).toEqual([
      ["failures", "5"],
      ["targets", "a/b, c/d"],
      ["deep", '{"a":1}'],
    ]);
  });
});
