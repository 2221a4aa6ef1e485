import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { ConnectionBanner } from "@/features/status/components/connection-banner";
import { ProviderStrip } from "@/features/status/components/provider-strip";
import { RouteMap } from "@/features/status/components/route-map";
import { SimulatedNotice } from "@/features/status/components/simulated-notice";
import type { Info, ProviderStatus } from "@/types/wire";
import { info, provider } from "@tests/support/builders";
import { show } from "@tests/support/render";
import { server } from "@tests/support/server";

function serve(primary: Partial<ProviderStatus> = {}, about: Partial<Info> = {}) {
  server.use(
    http.get("/api/info", () => HttpResponse.json(info(about))),
    http.get("/api/providers/status", () =>
      HttpResponse.json({ "simulated-primary": provider(primary), "simulated-fallback": provider() }),
    ),
  );
}

const circuit = (state: ProviderStatus["circuit_breaker"]["state"]) => ({
  circuit_breaker: { state, failures: 5, opened_at: null, retry_at: null, override: null, open_elsewhere: 0 },
});

describe("the provider strip", () => {
  it.each<[Partial<ProviderStatus>, string]>([
    [{}, "healthy"],
    [{ status: "unknown" }, "no recent calls"],
    [{ status: "auth_error" }, "key rejected"],
    [{ kill_switch: true, ...circuit("open") }, "switched off"],
    [circuit("open"), "circuit open"],
    [circuit("half_open"), "half-open"],
  ])("says a word for each state: %j is %s", async (state, word) => {
    serve(state);
    show(<ProviderStrip />);
    const [first] = within(await screen.findByRole("list", { name: "Providers" })).getAllByRole("listitem");
    expect(first).toHaveTextContent(`simulated-primary${word}`);
  });

  it.each<[Partial<ProviderStatus>, string]>([
    [{}, "2 ready"],
    [{ status: "degraded" }, "1 of 2 degraded"],
    [{ status: "down" }, "1 of 2 unavailable"],
  ])("sums up for a phone: %j is %s", async (state, words) => {
    serve(state);
    show(<ProviderStrip />);
    expect(await screen.findByText(words)).toBeInTheDocument();
  });
});

describe("the route of the next question", () => {
  const roles = async () => {
    const items = await screen.findAllByRole("listitem");
    return items.map((item) => item.dataset.role);
  };

  it("leads to the first target", async () => {
    serve();
    show(<RouteMap />);
    expect(await roles()).toEqual(["next", "behind"]);
  });

  it("passes by a target that is switched off or resting", async () => {
    serve({ kill_switch: true });
    show(<RouteMap />);
    await waitFor(async () => expect(await roles()).toEqual(["out", "next"]));
  });
});

describe("simulated providers", () => {
  it("are called so, with the way to real ones", async () => {
    serve();
    const { user } = show(<SimulatedNotice />);
    await user.click(await screen.findByRole("button", { name: /Simulated/ }));
    const dialog = screen.getByRole("dialog", { name: "These providers are simulated" });
    expect(dialog).toHaveTextContent("OPENAI_API_KEY");
    expect(dialog).toHaveTextContent("OLLAMA_BASE_URL");
    expect(dialog).toHaveTextContent(
      "A sentinel.yaml with providers or routes of its own takes precedence over these lines: name the providers there.",
    );
  });

  it("are not mentioned where providers are real", async () => {
    serve({}, { simulated: false });
    show(
      <>
        <SimulatedNotice />
        <RouteMap />
      </>,
    );
    await screen.findByText("Answers next");
    expect(screen.queryByRole("button", { name: /Simulated/ })).toBeNull();
  });
});

describe("the connection banner", () => {
  it("appears when the server is gone", async () => {
    server.use(http.get("/api/providers/status", () => HttpResponse.error()));
    show(<ConnectionBanner />);
    expect(await screen.findByRole("alert")).toHaveTextContent("The server cannot be reached.");
  });

  it("stays away while the server answers, even with a refusal", async () => {
    server.use(
      http.get("/api/providers/status", () =>
        HttpResponse.json({ title: "No", status: 500, detail: "", code: "internal_error" }, { status: 500 }),
      ),
    );
    show(
      <>
        <ConnectionBanner />
        <ProviderStrip />
      </>,
    );
    expect(await screen.findByText("Providers unknown")).toBeVisible();
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
