import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { useState } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ChaosDock } from "@/app/shell/chaos-dock";
import { useShortcuts } from "@/lib/shortcuts";
import { info, provider } from "@tests/support/builders";
import { show } from "@tests/support/render";
import { server } from "@tests/support/server";

const stop = vi.fn();
const BUSY = { stop };
const IDLE = {};

function Page({ busy = false }: { busy?: boolean }) {
  const [open, setOpen] = useState(false);
  useShortcuts(busy ? BUSY : IDLE);
  return (
    <>
      <button type="button" onClick={() => setOpen(!open)}>
        Chaos
      </button>
      <textarea aria-label="Message" />
      <ChaosDock open={open} onClose={() => setOpen(false)} />
    </>
  );
}

beforeEach(() => {
  stop.mockClear();
  server.use(
    http.get("/api/info", () => HttpResponse.json(info())),
    http.get("/api/providers/status", () => HttpResponse.json({ "simulated-primary": provider() })),
    http.get("/api/breakers", () => HttpResponse.json({ items: [] })),
    http.get("/api/chaos", () =>
      HttpResponse.json({ enabled: true, halted: false, kill_switches: [], faults: [], fault_kinds: [] }),
    ),
  );
});

const dock = () => screen.queryByRole("complementary", { name: "Chaos dock" });
const opener = () => screen.getByRole("button", { name: "Chaos" });

describe("Escape and the chaos dock", () => {
  it("closes it and gives the focus back to what opened it", async () => {
    const { user } = show(<Page />);
    await user.click(opener());
    screen.getByRole("button", { name: "Close the chaos dock" }).focus();
    await user.keyboard("{Escape}");
    expect(dock()).toBeNull();
    expect(opener()).toHaveFocus();
  });

  it("closes it from the composer, and leaves the focus there", async () => {
    const { user } = show(<Page />);
    await user.click(opener());
    await user.type(screen.getByRole("textbox", { name: "Message" }), "Hello{Escape}");
    expect(dock()).toBeNull();
    expect(screen.getByRole("textbox", { name: "Message" })).toHaveFocus();
  });

  it("stops an answer first, unless the focus is inside the dock", async () => {
    const { user } = show(<Page busy />);
    await user.click(opener());
    await user.keyboard("{Escape}");
    expect(stop).toHaveBeenCalledOnce();
    expect(dock()).not.toBeNull();
    screen.getByRole("button", { name: "Close the chaos dock" }).focus();
    await user.keyboard("{Escape}");
    expect(stop).toHaveBeenCalledOnce();
    expect(dock()).toBeNull();
  });
});
