/** Files things under the headings of their days, in the order in which they come. */
import { dayHeading } from "@/lib/time";

export interface DayGroup<Item> {
  heading: string;
  items: Item[];
}

export function groupByDay<Item>(
  items: readonly Item[],
  momentOf: (item: Item) => string,
  now: Date,
): DayGroup<Item>[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const heading = dayHeading(new Date(momentOf(item)), now);
    groups.set(heading, [...(groups.get(heading) ?? []), item]);
  }
  return [...groups].map(([heading, filed]) => ({ heading, items: filed }));
}
