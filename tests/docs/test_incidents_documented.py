"""`docs/operations.md` has every type of incident with its severity, and no other."""

from sentinel.domain.incidents import SEVERITY_OF, IncidentType, Severity
from tests.support.doc_tables import table_rows


def test_every_type_of_incident_is_documented_with_its_usual_severity() -> None:
    documented = [(row[0], row[-1]) for row in table_rows("operations.md", "Type", "Recorded when")]
    assert documented == [(each.value, SEVERITY_OF.get(each, Severity.INFO).value) for each in IncidentType]
