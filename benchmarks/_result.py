"""What a benchmark has found: printed for the terminal, and kept as JSON for the pages that show it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks._figures import TARGET_HEAD, Table, Target


@dataclass(frozen=True, kw_only=True)
class Result:
    """Tables by name, targets, and the circumstances that they must be read with."""

    benchmark: str
    circumstances: Sequence[str]
    tables: Mapping[str, Table]
    targets: Sequence[Target]

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Result":
        """Read it back."""
        return cls(
            benchmark=fields["benchmark"],
            circumstances=fields["circumstances"],
            tables={name: Table(**table) for name, table in fields["tables"].items()},
            targets=[Target.from_dict(target) for target in fields["targets"]],
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it for JSON."""
        return asdict(self)

    def text(self) -> str:
        """Write it for the terminal."""
        parts = ["\n".join(self.circumstances), *(table.text() for table in self.tables.values())]
        return "\n\n".join([*parts, self._targets.text()] if self.targets else parts)

    def markdown(self, part: str) -> str:
        """Write one part for a page: a table by its name, `targets`, or `circumstances`.

        Raises:
            KeyError: there is no such part.
        """
        if part == "circumstances":
            return "\n".join(f"- {line}" for line in self.circumstances)
        return (self._targets if part == "targets" else self.tables[part]).markdown()

    @property
    def _targets(self) -> Table:
        return Table(TARGET_HEAD, [target.row() for target in self.targets])
