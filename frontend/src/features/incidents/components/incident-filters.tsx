/** Which incidents are shown: of one type, of a recent time. */
import { PERIODS, type Filter, type PeriodId } from "@/features/incidents/hooks/use-filter";
import { TYPE_WORDS } from "@/features/incidents/words";
import type { IncidentType } from "@/types/wire";

interface IncidentFiltersProps {
  filter: Filter;
  onChange: (next: Filter) => void;
}

const FIELD = "min-h-10 min-w-0 rounded-lg border border-line-strong bg-surface px-2.5 text-sm text-ink";

export function IncidentFilters({ filter, onChange }: IncidentFiltersProps) {
  return (
    <div role="group" aria-label="Filter" className="flex flex-wrap gap-2">
      <select
        aria-label="Type of incident"
        value={filter.type ?? ""}
        onChange={(event) =>
          onChange({ ...filter, type: (event.target.value || null) as IncidentType | null })
        }
        className={FIELD}
      >
        <option value="">All types</option>
        {Object.entries(TYPE_WORDS).map(([type, words]) => (
          <option key={type} value={type}>
            {words}
          </option>
        ))}
      </select>
      <select
        aria-label="Time of the incident"
        value={filter.since ?? ""}
        onChange={(event) => onChange({ ...filter, since: (event.target.value || null) as PeriodId | null })}
        className={FIELD}
      >
        <option value="">Any time</option>
        {PERIODS.map(({ id, words }) => (
          <option key={id} value={id}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
