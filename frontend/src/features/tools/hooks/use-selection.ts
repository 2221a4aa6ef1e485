/** Which tool or run is looked at lives in the address, so that reload, back and links just work. */
import { useSearchParams } from "next/navigation";
import type { MouseEvent } from "react";

export interface Selection {
  server: string | null;
  tool: string | null;
  /** A run whose calls alone are listed. */
  run: string | null;
}

export const NOTHING: Selection = { server: null, tool: null, run: null };

const PATH = "/tools/";

/** What the address says; a tool without its server says nothing. */
export function useSelection(): Selection {
  const search = useSearchParams();
  const server = search.get("server");
  return { server, tool: server === null ? null : search.get("tool"), run: search.get("run") };
}

export function selectionHref({ server, tool, run }: Selection): string {
  const query = new URLSearchParams({
    ...(server ? { server } : {}),
    ...(server && tool ? { tool } : {}),
    ...(run ? { run } : {}),
  }).toString();
  return query ? `${PATH}?${query}` : PATH;
}

/** What a real link needs to stay on the page; the history API keeps Next's own router in step. */
export function selectionLink(selection: Selection) {
  const href = selectionHref(selection);
  return {
    href,
    onClick: (event: MouseEvent) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      window.history.pushState(null, "", href);
    },
  };
}
