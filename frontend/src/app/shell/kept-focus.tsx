/** Who opens the chat, starts a new one or was writing finds the focus in the composer. */
import { useLayoutEffect, type RefObject } from "react";
import { focusComposer, isComposerFocused, mayFocusUnasked } from "@/lib/composer";

interface KeptFocusProps {
  /** Outlives the screens and hands the focus from one to the next; null until there was one. */
  writingRef: RefObject<boolean | null>;
  /** The screen of a new chat, where there is nothing to do but write. */
  isNew: boolean;
}

/** Stands first in a screen. */
export function KeptFocus({ writingRef, isNew }: KeptFocusProps) {
  useLayoutEffect(() => {
    if (writingRef.current ?? isUntouched()) focusComposer();
    else if (isNew && mayFocusUnasked()) focusComposer();
    return () => {
      writingRef.current = isComposerFocused();
    };
  }, [writingRef, isNew]);
  return null;
}

/** The page has just been loaded, and nothing in it has the focus yet. */
function isUntouched(): boolean {
  return document.activeElement === document.body && mayFocusUnasked();
}
