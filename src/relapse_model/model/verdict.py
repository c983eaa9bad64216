"""How far a model's risks can be relied on, in one sentence: it stands beside every risk that a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from relapse_model.validation.performance_measures import Performance

_EN = {
    "none": "This model has not been validated; we do not know how accurate its risks are.",
    "apparent": "Not validated: judged only in the patients it was made from, which flatters it.",
    "error": "Not to be used: a check found an error ({codes}).",
    "refused": "Not validated: too few patients to judge how accurate this model's risks are.",
    "worse": "Do not act on this model's risks: in validation it did worse than no model.",
    "not_shown": "Do not act on this model's risks: in validation it was not shown to rank patients better than "
    "chance.",
    "between_arms": "Do not act on this model's risks: in validation it told the arms apart, not the patients within "
    "them.",
    "between_centres": "Do not act on this model's risks: in validation it told the centres apart, not the patients "
    "within them.",
    "ranks": "Do not act on this model's risks: in validation they were not shown to be more accurate than giving "
    "everyone the average risk.",
    "yes_few": "In validation the model's risks were more accurate than giving everyone the average risk; with only "
    "{events} events, that is imprecise.",
    "yes": "In validation the model's risks were more accurate than giving everyone the average risk.",
    "extreme": " They were too extreme: recalibrate before any use.",
    "timid": " They varied too little: recalibrate before any use.",
}
_ZH = {
    "none": "该模型未经验证；其风险值是否准确尚不清楚。",
    "apparent": "未经验证：仅在建模患者自身中评价过，结果偏乐观。",
    "error": "不可使用：检查发现错误（{codes}）。",
    "refused": "未经验证：患者过少，无法判断该模型的风险值是否准确。",
    "worse": "不要依据该模型的风险值行动：验证中其表现比不用模型更差。",
    "not_shown": "不要依据该模型的风险值行动：验证中未能证明其对患者的排序优于随机。",
    "between_arms": "不要依据该模型的风险值行动：验证中它只区分了组别，未能区分同组内的患者。",
    "between_centres": "不要依据该模型的风险值行动：验证中它只区分了中心，未能区分同一中心内的患者。",
    "ranks": "不要依据该模型的风险值行动：验证中未能证明其比一律采用平均风险更准确。",
    "yes_few": "验证中该模型的风险值比一律采用平均风险更准确；但仅有 {events} 例事件，结果不精确。",
    "yes": "验证中该模型的风险值比一律采用平均风险更准确。",
    "extreme": "但其风险值过于极端：使用前须重新校准。",
    "timid": "但其风险值变化过小：使用前须重新校准。",
}


class Judged(Protocol):
    """What is asked of a model: what its training found, and the figures that its file keeps."""

    @property
    def summary(self) -> dict[str, Any]:
        """Return the summary of its training."""

    @property
    def performance(self) -> Performance | None:
        """Return how it is known to perform."""


@dataclass(frozen=True, slots=True)
class ModelVerdict:
    """How far the risks of a model can be relied on, by the figures in its file.

    Attributes
    ----------
    code : str
        ``none`` (no figures), ``apparent``, ``error``, or as `relapse_model.validation.verdict.verdict_code` says.
    en, zh : str
        The sentence, in English and in Chinese.
    """

    code: str
    en: str
    zh: str

    @property
    def brief(self) -> str:
        """Return what stands beside a risk where there is room for two or three words; nothing if it was shown."""
        if self.shown:
            return ""
        return "not validated" if self.code in ("none", "apparent", "refused") else "do not act on it"

    @property
    def shown(self) -> bool:
        """Tell whether the risks were shown to be more accurate than the average risk, and well calibrated."""
        return self.code in ("yes", "yes_few") and not self.en.endswith("recalibrate before any use.")

    def said(self, language: str) -> str:
        """Return the sentence in a language."""
        return self.zh if language == "zh" else self.en


def model_verdict(model: Judged) -> ModelVerdict:
    """Return how far the risks of a model can be relied on: by the figures it keeps, and what training found.

    Parameters
    ----------
    model : Judged
        Such as a `RelapseModel`.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> print(model_verdict(model).en)
    This model has not been validated; we do not know how accurate its risks are.
    """
    findings = model.summary.get("warnings") or ()
    errors = ", ".join(one["code"] for one in findings if one.get("severity") == "error")
    if errors:
        return _verdict("error", codes=errors)
    found = model.performance
    if found is None or found.apparent:
        return _verdict("none" if found is None else "apparent")
    from relapse_model.validation.verdict import to_recalibrate, verdict_code

    code = verdict_code(found)
    return _verdict(code, to_recalibrate(found) if code.startswith("yes") else "", events=found.events)


def _verdict(code: str, and_then: str = "", **named: object) -> ModelVerdict:
    en, zh = (words[code].format(**named) + (words[and_then] if and_then else "") for words in (_EN, _ZH))
    return ModelVerdict(code, en, zh)
