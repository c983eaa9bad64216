"""TRIPOD+AI: which item which section of the report answers, and which only the authors can answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass

ANSWERED, IN_PART, OPEN = "answered", "in part", "open"


@dataclass(frozen=True, slots=True)
class TripodItem:
    """One item of the checklist.

    Parameters
    ----------
    number : int
    heading : str
    state : {"answered", "in part", "open"}
    sections : tuple of str
        Anchors of the report.
    authors : str
        What only the authors can say.
    """

    number: int
    heading: str
    state: str
    sections: tuple[str, ...] = ()
    authors: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return asdict(self)


# Headings and numbers from memory of Collins et al. 2024, BMJ 385:e078378: to be checked against the paper.
ITEMS = (
    TripodItem(1, "Title", IN_PART, ("top",), "the title of the paper"),
    TripodItem(2, "Abstract", OPEN, (), "the structured abstract"),
    TripodItem(3, "Background", OPEN, (), "why the model is needed, what exists already, inequalities in health"),
    TripodItem(4, "Objectives", IN_PART, ("study",), "for whom and for which decision the model is meant"),
    TripodItem(5, "Data", IN_PART, ("study",), "sources, dates, and how representative the data are"),
    TripodItem(6, "Participants", IN_PART, ("study",), "setting, centres, treatments given"),
    TripodItem(7, "Data preparation", IN_PART, ("methods",), "what was done to the data before they came here"),
    TripodItem(8, "Outcome", IN_PART, ("follow-up",), "who assessed it, and whether blinded to the predictors"),
    TripodItem(9, "Predictors", IN_PART, ("predictors",), "how predictors were first chosen, and who measured them"),
    TripodItem(10, "Sample size", ANSWERED, ("sample-size",)),
    TripodItem(11, "Missing data", ANSWERED, ("participants", "methods")),
    TripodItem(12, "Analytical methods", ANSWERED, ("methods",)),
    TripodItem(13, "Class imbalance", ANSWERED, ("methods",)),
    TripodItem(14, "Fairness", IN_PART, ("groups",), "which groups matter here, and why"),
    TripodItem(15, "Model output", ANSWERED, ("model",)),
    TripodItem(16, "Training versus evaluation", ANSWERED, ("methods",)),
    TripodItem(17, "Ethical approval", OPEN, (), "committee, number, consent"),
    TripodItem(18, "Open science", IN_PART, ("settings",), "funding, conflicts of interest, protocol, data, code"),
    TripodItem(19, "Patient and public involvement", OPEN, (), "whether and how patients took part"),
    TripodItem(20, "Participants (results)", ANSWERED, ("study", "participants", "follow-up")),
    TripodItem(21, "Model development (results)", ANSWERED, ("follow-up", "model")),
    TripodItem(22, "Model specification", ANSWERED, ("model",)),
    TripodItem(23, "Model performance", ANSWERED, ("performance", "stability", "groups")),
    TripodItem(24, "Model updating", OPEN, (), "only where a model was updated: what changed, and how it does now"),
    TripodItem(25, "Interpretation", OPEN, (), "what the results mean beside those of others"),
    TripodItem(26, "Limitations", IN_PART, ("limitations", "checks"), "the limits of the design and of the patients"),
    TripodItem(27, "Usability in practice", OPEN, (), "how poor or missing input is handled in the clinic, by whom"),
)


def items_of(section: str) -> str:
    """Return the numbers of the items that a section answers, as text.

    Parameters
    ----------
    section : str

    Examples
    --------
    >>> items_of("model"), items_of("nowhere")
    ('15, 21, 22', '')
    """
    return ", ".join(str(item.number) for item in ITEMS if section in item.sections)
