import { render, screen } from "@testing-library/react";
import { useRef } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KeptFocus } from "@/app/shell/kept-focus";
import { COMPOSER_ID } from "@/lib/composer";

function Screen({ isNew, draft = "" }: { isNew: boolean; draft?: string }) {
  const writingRef = useRef<boolean | null>(null);
  return (
    <>
      <KeptFocus key={String(isNew)} writingRef={writingRef} isNew={isNew} />
      <button type="button">Elsewhere</button>
      <textarea id={COMPOSER_ID} aria-label="Message" defaultValue={draft} />
    </>
  );
}

function onDevice(kind: "desktop" | "phone") {
  const isDesktop = (query: string) => kind === "desktop" && query.includes("pointer: fine");
  vi.spyOn(window, "matchMedia").mockImplementation(
    (query) => ({ matches: isDesktop(query), media: query }) as MediaQueryList,
  );
}

const box = () => screen.getByRole<HTMLTextAreaElement>("textbox");

afterEach(() => vi.restoreAllMocks());

describe("the focus of the chat", () => {
  it("is in the composer after a load, behind what was already written", () => {
    onDevice("desktop");
    render(<Screen isNew={false} draft="Half a quest" />);
    expect(box()).toHaveFocus();
    expect(box().selectionStart).toBe("Half a quest".length);
  });

  it("stays where it was on a device without a keyboard", () => {
    onDevice("phone");
    render(<Screen isNew />);
    expect(box()).not.toHaveFocus();
  });

  it("goes to the composer when a new chat is begun from elsewhere", () => {
    onDevice("desktop");
    const { rerender } = render(<Screen isNew={false} />);
    screen.getByRole("button").focus();
    rerender(<Screen isNew />);
    expect(box()).toHaveFocus();
  });

  it("is left alone when another conversation is opened from the list", () => {
    onDevice("desktop");
    const { rerender } = render(<Screen isNew />);
    screen.getByRole("button").focus();
    rerender(<Screen isNew={false} />);
    expect(screen.getByRole("button")).toHaveFocus();
  });

  it("stays in the composer when the new chat becomes a conversation, on a phone, too", () => {
    onDevice("phone");
    const { rerender } = render(<Screen isNew />);
    box().focus();
    rerender(<Screen isNew={false} />);
    expect(box()).toHaveFocus();
  });
});
