"""CONSORT 2025: what each item asks for in short, where it is reported, and what only the authors can say."""

from __future__ import annotations

from dataclasses import dataclass

from relapse_model.report.tripod import ANSWERED, IN_PART, OPEN
from relapse_model.trial.arms.analysis import TrialAnalysis


@dataclass(frozen=True, slots=True)
class ConsortItem:
    """One item of the checklist.

    Parameters
    ----------
    number : str
    topic : str
    asks : str
        In short, in our words.
    where : tuple of str
        Names of tables and figures that report it, and sections of the plan.
    authors : str
        What only the authors can say.
    """

    number: str
    topic: str
    asks: str
    where: tuple[str, ...] = ()
    authors: str = ""

    @property
    def state(self) -> str:
        """Return whether the item is answered here, in part, or open."""
        return OPEN if not self.where else IN_PART if self.authors else ANSWERED


REGISTRY, PLAN = "registry", "plan"  # of the study file

# Numbers and topics: Hopewell et al. 2025, CONSORT 2025 statement, PLoS Med 22:e1004587,
# doi:10.1371/journal.pmed.1004587 (30 items, 42 with their parts). What they ask for is in our words.
ITEMS = (
    ConsortItem("1a", "Title", "randomised trial named as such", (), "the title"),
    ConsortItem("1b", "Abstract", "structured summary", (), "the abstract"),
    ConsortItem("2", "Registration", "registry, number, date", (REGISTRY,), "date of registration, address"),
    ConsortItem("3", "Protocol and analysis plan", "where to find both", (PLAN,), "where protocol and plan are kept"),
    ConsortItem("4", "Data sharing", "access to data, code, materials", (), "where and how"),
    ConsortItem("5a", "Funding", "who paid, and with what role", (), "sources and their role"),
    ConsortItem("5b", "Conflicts of interest", "of the authors", (), "each author's"),
    ConsortItem("6", "Background", "why the trial was needed", (), "what was known, and why it was done"),
    ConsortItem("7", "Objectives", "what is to be shown, benefit and harm", (PLAN,), "the objectives in words"),
    ConsortItem("8", "Patients and public", "how they took part", (), "whether and how"),
    ConsortItem("9", "Design", "kind, allocation ratio, framework", (PLAN,), "superiority, or another framework"),
    ConsortItem("10", "Changes", "what was changed after the start", (PLAN,), "what was changed, when and why"),
    ConsortItem("11", "Setting", "where it took place", ("adherence",), "hospitals, places, countries"),
    ConsortItem("12a", "Eligibility", "who could take part", ("flow",), "the criteria in words"),
    ConsortItem("12b", "Eligibility of sites", "and of those who treat", (), "only where there were any"),
    ConsortItem("13", "Interventions", "both, so that they can be repeated", (PLAN,), "product, route, who gave it"),
    ConsortItem("14", "Outcomes", "defined in advance: variable, measure, time", (PLAN,), "secondary outcomes"),
    ConsortItem("15", "Harms", "how defined and assessed", ("harms",), "how events were asked for and graded"),
    ConsortItem("16a", "Sample size", "how it came about", (), "assumptions and calculation"),
    ConsortItem("16b", "Interim analyses", "and stopping rules", (), "only where there were any"),
    ConsortItem("17a", "Sequence", "who made it, and how", (), "who, and by which method"),
    ConsortItem("17b", "Restriction", "kind of randomisation, strata, blocks", (PLAN,), "block sizes"),
    ConsortItem("18", "Concealment", "of the sequence until allocation", (), "the mechanism"),
    ConsortItem("19", "Implementation", "access to the sequence", (), "who enrolled, and who assigned"),
    ConsortItem("20a", "Blinding: who", "was kept unaware", (), "patients, staff, assessors, analysts"),
    ConsortItem("20b", "Blinding: how", "and how alike the interventions were", (), "only where blinded"),
    ConsortItem("21a", "Statistical methods", "for primary, secondary, harms", ("primary_analysis", PLAN)),
    ConsortItem("21b", "Populations", "who is in each analysis, in which arm", ("primary_analysis", "flow")),
    ConsortItem("21c", "Missing data", "how handled", ("sensitivity_analyses", PLAN)),
    ConsortItem("21d", "Further analyses", "subgroups, sensitivity; planned or not",
                ("sensitivity_analyses", "trial_subgroups", PLAN)),
    ConsortItem("22a", "Flow", "numbers by arm, from assessed to analysed", ("flow", "figure flow")),
    ConsortItem("22b", "Losses", "after randomisation, with reasons", ("flow", "losses")),
    ConsortItem("23a", "Dates", "of recruitment and follow-up", (), "dates of both"),
    ConsortItem("23b", "End of the trial", "why it ended", (), "only where it was stopped"),
    ConsortItem("24a", "Delivery", "what was given, and adherence", ("treatments_given", "adherence")),
    ConsortItem("24b", "Concomitant care", "in each arm", ("treatments_given",), "care that the data do not hold"),
    ConsortItem("25", "Baseline", "characteristics by arm", ("table_one",)),
    ConsortItem("26", "Results", "numbers, estimate and precision of each outcome",
                ("primary_analysis", "figure failures"), "secondary outcomes"),
    ConsortItem("27", "Harms found", "all of them, by arm", ("harms",)),
    ConsortItem("28", "Ancillary analyses", "planned ones told from others",
                ("sensitivity_analyses", "trial_subgroups", "figure sensitivity", "figure subgroups")),
    ConsortItem("29", "Interpretation", "balance of benefit and harm", (), "what the results mean"),
    ConsortItem("30", "Limitations", "bias, imprecision, generalisability", (), "the limits of this trial"),
)  # fmt: skip


def plan_words(found: TrialAnalysis) -> dict[str, str]:
    """Return what stands where the study file answers an item.

    Parameters
    ----------
    found : TrialAnalysis
    """
    return {
        REGISTRY: found.study.registry,
        PLAN: f"study file, section [trial] (SHA-256 {found.plan_sha256[:12]}...)",
    }
