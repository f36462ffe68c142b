"""One fault: an edit of one file, as a hurried marketer would make it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One edit of one file of the shipped templates.

    Attributes:
        kind: the family it is counted in.
        name: unique; tells file, place and what was done.
        campaign: the campaign that is checked.
        file: what was edited, relative to the templates folder.
        text: the whole file after the edit.
        why: why `check` should tell, in a sentence.
        at: the files at which a finding is right, when more than the edited one.
        warns: whether a finding of level warning is enough.
    """

    kind: str
    name: str
    campaign: str
    file: str
    text: str = field(repr=False)
    why: str
    at: tuple[str, ...] = ()
    warns: bool = False

    @property
    def right_files(self) -> frozenset[str]:
        """Where the finding has to be."""
        return frozenset(self.at or (self.file,))


#: Kinds of which every single fault must be caught.
WITHOUT_EXCEPTION = frozenset(
    {
        "fact dropped",
        "fact dropped from subject or preheader",
        "fact dropped by a layout",
        "percent altered",
        "date altered",
        "date format",
        "code altered",
        "address altered",
        "phone altered",
        "words altered",
        "money altered",
        "date range altered",
        "time altered",
        "number altered",
        "in words",
        "value added",
        "value added in a layout",
        "link altered",
        "fact removed",
    }
)
