import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { ChaosPanel } from "@/features/chaos/components/chaos-panel";
import { KillSwitchBanner } from "@/features/chaos/components/kill-switch-banner";
import type { BreakerCommand, Chaos, KillSwitchCommand, ProviderStatus } from "@/types/wire";
import { breaker, chaos, info, killSwitch, provider } from "@tests/support/builders";
import { show } from "@tests/support/render";
import { server } from "@tests/support/server";

let primary: ProviderStatus;
let armed: Chaos;
let commands: unknown[];

beforeEach(() => {
  primary = provider();
  armed = chaos();
  commands = [];
  server.use(
    http.get("/api/info", () => HttpResponse.json(info())),
    http.get("/api/providers/status", () => HttpResponse.json({ "simulated-primary": primary })),
    http.get("/api/breakers", () => HttpResponse.json({ items: [breaker()] })),
    http.get("/api/chaos", () => HttpResponse.json(armed)),
    http.put("/api/chaos/kill-switch/:target", async ({ request, params }) => {
      const command = (await request.json()) as KillSwitchCommand;
      commands.push({ target: params.target, ...command });
      armed = chaos({ kill_switches: command.active ? [killSwitch({ target: String(params.target) })] : [] });
      return HttpResponse.json(killSwitch({ active: command.active }));
    }),
    http.post("/api/breakers/:act", async ({ request, params }) => {
      commands.push({ act: params.act, ...((await request.json()) as BreakerCommand) });
      primary = provider({
        circuit_breaker: {
          state: params.act === "trip" ? "open" : "closed",
          failures: 0,
          opened_at: null,
          retry_at: new Date(Date.now() + 30_000).toISOString(),
          override: null,
          open_elsewhere: 0,
        },
      });
      return HttpResponse.json(breaker());
    }),
  );
});

const killToggle = () => screen.findByRole("switch", { name: "Kill switch for simulated-primary" });

describe("the kill switch", () => {
  it("goes on with an expiry and a reason, and shows that it is on", async () => {
    const { user } = show(<ChaosPanel />);
    const toggle = await killToggle();
    expect(toggle).not.toBeChecked();
    await user.selectOptions(screen.getByLabelText(/How long/), "1 minute");
    await user.type(screen.getByLabelText(/Reason/), "drill");
    await user.click(toggle);
    expect(commands).toEqual([
      { target: "simulated-primary", active: true, ttl_seconds: 60, reason: "drill" },
    ]);
    await waitFor(() => expect(toggle).toBeChecked());
    expect(screen.getByText("switched off")).toBeVisible();
    expect(screen.getByText("All calls to this provider are refused.")).toBeVisible();
  });

  it("stays on for five minutes unless told otherwise", async () => {
    const { user } = show(<ChaosPanel />);
    await user.click(await killToggle());
    expect(commands).toEqual([{ target: "simulated-primary", active: true, ttl_seconds: 300 }]);
  });

  it("goes off again", async () => {
    armed = chaos({ kill_switches: [killSwitch()] });
    const { user } = show(<ChaosPanel />);
    const toggle = await killToggle();
    await waitFor(() => expect(toggle).toBeChecked());
    await user.click(toggle);
    expect(commands).toEqual([{ target: "simulated-primary", active: false }]);
    await waitFor(() => expect(toggle).not.toBeChecked());
  });

  it("says why it did not move", async () => {
    server.use(
      http.put("/api/chaos/kill-switch/:target", () =>
        HttpResponse.json(
          {
            type: "about:blank",
            title: "Unknown target",
            status: 404,
            detail: "No such target.",
            code: "unknown_target",
          },
          { status: 404 },
        ),
      ),
    );
    const { user } = show(<ChaosPanel />);
    const toggle = await killToggle();
    await user.click(toggle);
    expect(await screen.findByRole("alert")).toHaveTextContent("No such target. (unknown_target)");
    expect(toggle).not.toBeChecked();
  });

  it("is explained, not just dead, where chaos is off", async () => {
    server.use(
      http.get("/api/chaos", () =>
        HttpResponse.json(
          { type: "about:blank", title: "Chaos is off", status: 403, detail: "No.", code: "chaos_disabled" },
          { status: 403 },
        ),
      ),
    );
    show(<ChaosPanel />);
    expect(await screen.findByRole("note")).toHaveTextContent("Start the server with SENTINEL_CHAOS=on");
    expect(await killToggle()).toBeDisabled();
  });
});

describe("the circuit", () => {
  it("is tripped, counts down to half-open, and is reset", async () => {
    const { user } = show(<ChaosPanel />);
    await user.click(await screen.findByRole("button", { name: "Trip simulated-primary" }));
    expect(commands.at(-1)).toMatchObject({ act: "trip", key: "provider:simulated-primary" });
    const state = screen.getByTestId("circuit-simulated-primary");
    await waitFor(() => expect(state).toHaveTextContent("Circuit open"));
    expect(screen.getByText(/^0:(30|29)$/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Reset simulated-primary" }));
    await waitFor(() => expect(state).toHaveTextContent("Circuit closed"));
  });

  it("says that other processes have opened theirs", async () => {
    const closed = provider().circuit_breaker;
    primary = provider({ circuit_breaker: { ...closed, open_elsewhere: 2 } });
    show(<ChaosPanel />);
    expect(await screen.findByText("Open in 2 other processes, which have seen it fail.")).toBeVisible();
  });

  it("says why it opened instead of counting no failures", async () => {
    const opened = breaker({ state: "open", rule: "shared", reason: "found by 2 of 4 processes: stall" });
    primary = provider({ circuit_breaker: { ...opened, retry_at: null, open_elsewhere: 0 } });
    server.use(http.get("/api/breakers", () => HttpResponse.json({ items: [opened] })));
    show(<ChaosPanel />);
    const words =
      "2 of 4 server processes found it failing; most recently it stopped in the middle of its answer.";
    expect(await screen.findByText(words)).toBeVisible();
    expect(screen.queryByText("0 failures")).toBeNull();
  });

  it("counts the failures that opened it", async () => {
    primary = provider({ circuit_breaker: { ...primary.circuit_breaker, state: "open", failures: 5 } });
    show(<ChaosPanel />);
    expect(await screen.findByText("5 failures")).toBeVisible();
  });

  it("of a provider that is switched off promises no trial call", async () => {
    armed = chaos({ kill_switches: [killSwitch()] });
    const retry_at = new Date(Date.now() + 30_000).toISOString();
    primary = provider({
      kill_switch: true,
      circuit_breaker: { ...primary.circuit_breaker, state: "open", retry_at },
    });
    show(<ChaosPanel />);
    expect(await screen.findByText(/^The kill switch refuses all calls/)).toBeVisible();
    expect(screen.queryByText(/Next trial call/)).toBeNull();
  });

  it("says who holds it and until when", async () => {
    server.use(
      http.get("/api/breakers", () =>
        HttpResponse.json({
          items: [
            breaker({
              state: "open",
              override: {
                kind: "forced_open",
                actor: "ada",
                reason: "drill",
                expires_at: new Date(Date.now() + 60_000).toISOString(),
              },
            }),
          ],
        }),
      ),
    );
    show(<ChaosPanel />);
    expect(await screen.findByText(/Held open by ada/)).toHaveTextContent("(drill) · ends in");
  });
});

describe("the banner", () => {
  it("is absent while nothing is armed", async () => {
    show(<KillSwitchBanner />);
    await waitFor(() => expect(screen.queryByRole("region", { name: "Active kill switches" })).toBeNull());
  });

  it("names every active kill switch and turns it off", async () => {
    armed = chaos({
      kill_switches: [killSwitch({ reason: "drill" }), killSwitch({ target: "tier:primary" })],
    });
    const { user } = show(<KillSwitchBanner />);
    const banner = within(await screen.findByRole("region", { name: "Active kill switches" }));
    expect(banner.getAllByRole("alert")[0]).toHaveTextContent(
      "Kill switch on: simulated-primary. Set by operator (“drill”).",
    );
    await user.click(banner.getByRole("button", { name: "Turn off the kill switch for tier:primary" }));
    expect(commands).toEqual([{ target: "tier:primary", active: false }]);
  });
});
