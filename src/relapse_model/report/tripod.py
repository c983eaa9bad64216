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
        Its topic in the checklist.
    subitems : int
        Into how many it is divided there (a, b, ...); 1: it is not.
    state : {"answered", "in part", "open"}
    sections : tuple of str
        Anchors of the report.
    authors : str
        What only the authors can say.
    """

    number: int
    heading: str
    subitems: int
    state: str
    sections: tuple[str, ...] = ()
    authors: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return asdict(self)


# Numbers, headings and counts of sub-items: Collins et al. 2024, BMJ 385:e078378, doi:10.1136/bmj-2023-078378;
# compared item by item with two independent copies of the published checklist (27 items, 52 sub-items).
ITEMS = (
    TripodItem(1, "Title", 1, IN_PART, ("top",), "the title of the paper"),
    TripodItem(2, "Abstract", 1, OPEN, (), "the structured abstract"),
    TripodItem(3, "Background", 3, OPEN, (), "why the model is needed, what exists already, inequalities in health"),
    TripodItem(4, "Objectives", 1, IN_PART, ("study",), "for whom and for which decision the model is meant"),
    TripodItem(5, "Data", 2, IN_PART, ("study",), "sources, dates, and how representative the data are"),
    TripodItem(6, "Participants", 3, IN_PART, ("study",), "setting, centres, treatments given"),
    TripodItem(7, "Data preparation", 1, IN_PART, ("methods",), "what was done to the data before they came here"),
    TripodItem(8, "Outcome", 3, IN_PART, ("follow-up",), "who assessed it, and whether blinded to the predictors"),
    TripodItem(9, "Predictors", 3, IN_PART, ("predictors",), "how predictors were chosen, and who measured them"),
    TripodItem(10, "Sample size", 1, IN_PART, ("sample-size",), "how the number of patients came about"),
    TripodItem(11, "Missing data", 1, IN_PART, ("participants", "methods"), "what was left out before, and why"),
    TripodItem(12, "Analytical methods", 7, ANSWERED, ("methods",)),
    TripodItem(13, "Class imbalance", 1, ANSWERED, ("methods",)),
    TripodItem(14, "Fairness", 1, IN_PART, ("groups",), "which groups matter here, and why"),
    TripodItem(15, "Model output", 1, ANSWERED, ("model",)),
    TripodItem(16, "Training versus evaluation", 1, ANSWERED, ("methods",)),
    TripodItem(17, "Ethical approval", 1, OPEN, (), "committee, number, consent"),
    TripodItem(18, "Open science", 6, IN_PART, ("settings",), "funding, conflicts of interest, protocol, data, code"),
    TripodItem(19, "Patient and public involvement", 1, OPEN, (), "whether and how patients took part"),
    TripodItem(
        20, "Participants (results)", 3, IN_PART, ("study", "participants", "follow-up"), "dates, treatments received"
    ),
    TripodItem(21, "Model development", 1, ANSWERED, ("follow-up", "model")),
    TripodItem(22, "Model specification", 1, IN_PART, ("model",), "where the model may be had, and how"),
    TripodItem(23, "Model performance", 2, ANSWERED, ("performance", "stability", "groups")),
    TripodItem(24, "Model updating", 1, OPEN, (), "only where a model was updated: what changed, and how it does now"),
    TripodItem(25, "Interpretation", 1, OPEN, (), "what the results mean beside those of others"),
    TripodItem(26, "Limitations", 1, IN_PART, ("limitations", "checks"), "limits of design and patients"),
    TripodItem(
        27, "Usability of the model in the context of current care", 3, OPEN, (),
        "how poor or missing input is handled in the clinic, by whom, and what research comes next",
    ),
)  # fmt: skip


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
