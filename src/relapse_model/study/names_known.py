"""The names that a study knows: every spelling of its analytes and agents, and which of them it reads."""

from __future__ import annotations

from relapse_model.study.eligibility import Criterion
from relapse_model.study.names import NameTable
from relapse_model.study.names_near import library_keys
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study


def analyte_names(study: Study) -> NameTable:
    """Return the spellings of the analytes: name, synonyms, label, LOINC and CDISC codes; and of the others it knows.

    Examples
    --------
    >>> import relapse_model as rm
    >>> names = analyte_names(rm.load_study("hbsag-relapse"))
    >>> [names.meaning(text).name for text in ("HBsAg", "乙肝表面抗原", "5193-8", "haemoglobin")]
    ['hbsag', 'hbsag', 'anti_hbs', None]
    """
    spellings = {
        name: (*one.synonyms, one.label, *one.loinc, *([one.sdtm] if one.sdtm else []))
        for name, one in study.analytes.items()
    } | dict(study.other_analytes)
    read = [study.outcome.analyte, *(one.analyte for one in _predictors(study))]
    read += [one.analyte for one in _criteria(study)]
    read += [study.passive_antibody.analyte] if study.passive_antibody is not None else []
    read += [study.dosing.again.analyte] if study.dosing is not None else []
    read += [study.time.index.analyte] if study.time.index is not None else []
    return NameTable(spellings, tuple(dict.fromkeys(name for name in read if name is not None)), False, library_keys())


def reads_results(study: Study) -> bool:
    """Tell whether anything in a study reads results of a laboratory: where nothing does, it needs no labs table.

    Examples
    --------
    >>> import relapse_model as rm
    >>> reads_results(rm.load_study("hbsag-relapse"))
    True
    """
    return bool(analyte_names(study).asked)


def agent_names(study: Study) -> NameTable:
    """Return the spellings of the agents: those of ``[agents]``, and every agent that anything in the study names.

    Examples
    --------
    >>> import relapse_model as rm
    >>> names = agent_names(rm.load_study("hbsag-relapse"))
    >>> [names.meaning(text).name for text in ("Pegasys", "恩替卡韦", "L03AB11", "aspirin")]
    ['pegifn', 'entecavir', 'pegifn', None]
    """
    read = [name for one in _predictors(study) for name in one.agents]
    read += [name for one in _criteria(study) for name in one.agents]
    read += study.passive_antibody.agents if study.passive_antibody is not None else ()
    read += [name for one in study.trial.intercurrent for name in one.agents] if study.trial is not None else []
    read += [study.dosing.agent] if study.dosing is not None else []
    spellings: dict[str, tuple[str, ...]] = dict.fromkeys((*study.agents, *read), ())
    spellings |= {name: one.synonyms for name, one in study.agents.items()}
    return NameTable(spellings, tuple(dict.fromkeys(read)))


def _predictors(study: Study) -> tuple[Predictor, ...]:
    return (*study.predictors, *(one.predictor for one in study.candidates))


def _criteria(study: Study) -> tuple[Criterion, ...]:
    return (*study.eligibility.include, *study.eligibility.exclude)
