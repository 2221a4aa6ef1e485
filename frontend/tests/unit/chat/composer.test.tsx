import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Composer } from "@/features/chat/components/composer";
import { useDraft } from "@/features/chat/hooks/use-draft";

interface Props {
  busy?: boolean;
  stopping?: boolean;
  sending?: boolean;
  onSend?: (text: string) => void;
  onStop?: () => void;
}

function Harness({
  busy = false,
  stopping = false,
  sending = false,
  onSend = vi.fn(),
  onStop = vi.fn(),
}: Props) {
  const draft = useDraft("t1");
  return <Composer {...{ draft, busy, stopping, sending, onSend, onStop }} maxChars={20} />;
}

function draw(props: Props = {}) {
  render(<Harness {...props} />);
  return { user: userEvent.setup(), box: screen.getByRole("textbox", { name: "Message" }) };
}

describe("the composer", () => {
  it("sends with Enter and breaks the line with Shift and Enter", async () => {
    const onSend = vi.fn();
    const { user, box } = draw({ onSend });
    await user.type(box, "one{Shift>}{Enter}{/Shift}two{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("one\ntwo");
  });

  it("does not send an empty message, and keeps the focus", async () => {
    const onSend = vi.fn();
    const { user, box } = draw({ onSend });
    const send = screen.getByRole("button", { name: "Send" });
    expect(send).toHaveAttribute("aria-disabled", "true");
    await user.type(box, "  {Enter}");
    await user.click(send);
    expect(onSend).not.toHaveBeenCalled();
    expect(box).toHaveFocus();
    expect(screen.getByText("Write something first.")).toBeVisible();
  });

  it("counts near the limit and explains what is over it", async () => {
    const onSend = vi.fn();
    const { user, box } = draw({ onSend });
    await user.type(box, "x".repeat(15));
    expect(screen.queryByText(/ \/ 20/)).toBeNull();
    await user.type(box, "x");
    expect(screen.getByText("16 / 20")).toBeVisible();
    await user.type(box, "xxxxxx{Enter}");
    expect(screen.getByText("2 characters too long.")).toBeVisible();
    expect(onSend).not.toHaveBeenCalled();
  });

  it("offers Stop while an answer is being written, and says why it does not send", async () => {
    const onSend = vi.fn();
    const onStop = vi.fn();
    const { user, box } = draw({ busy: true, onSend, onStop });
    await user.type(box, "next{Enter}");
    expect(onSend).not.toHaveBeenCalled();
    expect(
      screen.getByText("An answer is being written. Wait for it, or stop it, before you send."),
    ).toBeVisible();
    expect(screen.queryByRole("button", { name: "Send" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Stop" }));
    expect(onStop).toHaveBeenCalledOnce();
  });

  it("says that it is stopping until the server has stopped", () => {
    draw({ busy: true, stopping: true });
    expect(screen.getByRole("button", { name: "Stopping…" })).toBeDisabled();
  });

  it("keeps a draft over a reload", async () => {
    const { user, box } = draw();
    await user.type(box, "half a thought");
    document.body.replaceChildren();
    render(<Harness />);
    expect(screen.getByRole("textbox", { name: "Message" })).toHaveValue("half a thought");
  });
});
