/** The one text box that a person writes messages in, and how to get there. */
export const COMPOSER_ID = "composer";

/** A mouse or a touchpad, and so very likely keys: where there are none, focus would open a keyboard on the screen. */
const DESKTOP = "(hover: hover) and (pointer: fine)";

/** Put the caret behind what is already written. */
export function focusComposer(): void {
  const box = document.getElementById(COMPOSER_ID);
  box?.focus();
  if (box instanceof HTMLTextAreaElement) box.setSelectionRange(box.value.length, box.value.length);
}

export function isComposerFocused(): boolean {
  return document.activeElement?.id === COMPOSER_ID;
}

/** Whether focus may go to the composer without having been asked to. */
export function mayFocusUnasked(): boolean {
  return window.matchMedia(DESKTOP).matches;
}
