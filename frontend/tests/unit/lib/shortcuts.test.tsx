import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useShortcuts, type ShortcutHandlers } from "@/lib/shortcuts";
import { writeStored } from "@/lib/storage";

function Page({ handlers, children }: { handlers: ShortcutHandlers; children?: React.ReactNode }) {
  useShortcuts(handlers);
  return (
    <>
      <textarea aria-label="Message" />
      {children}
    </>
  );
}

const newChat = vi.fn();
const stop = vi.fn();
const handlers = { newChat, stop };

beforeEach(() => vi.clearAllMocks());

describe("shortcuts", () => {
  it("work while nobody is typing, once they are turned on", async () => {
    writeStored("local", "single-keys", "on");
    render(<Page handlers={handlers} />);
    await userEvent.keyboard("n{Escape}");
    expect(newChat).toHaveBeenCalledOnce();
    expect(stop).toHaveBeenCalledOnce();
  });

  it("leave typed letters alone, but Escape still stops", async () => {
    writeStored("local", "single-keys", "on");
    render(<Page handlers={handlers} />);
    await userEvent.type(screen.getByRole("textbox"), "n{Escape}");
    expect(newChat).not.toHaveBeenCalled();
    expect(stop).toHaveBeenCalledOnce();
  });

  it("leave the browser's own combinations alone", async () => {
    writeStored("local", "single-keys", "on");
    render(<Page handlers={handlers} />);
    await userEvent.keyboard("{Control>}n{/Control}");
    expect(newChat).not.toHaveBeenCalled();
  });

  it("leave Escape to an open dialog", async () => {
    render(
      <Page handlers={handlers}>
        <dialog open>Question</dialog>
      </Page>,
    );
    await userEvent.keyboard("{Escape}");
    expect(stop).not.toHaveBeenCalled();
  });

  it("are off until somebody wants them, except for Escape", async () => {
    render(<Page handlers={handlers} />);
    await userEvent.keyboard("n{Escape}");
    expect(newChat).not.toHaveBeenCalled();
    expect(stop).toHaveBeenCalledOnce();
  });
});
