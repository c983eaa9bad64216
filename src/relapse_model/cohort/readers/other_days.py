"""Dates whose names say that they are not the day of a sample or of a dose: of a report, an entry, an order, a plan."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.label_words import plain_words

_REPORT = re.compile(
    r"(?<![a-zà-ÿ])(?:report(?:ed|ing)?|(?:data |form )?entry|entered|keyed|received|receipt|(?:form )?completed"
    r"|completion"
    r"|validated|approved|signed|released|verified|modified|updated|upload(?:ed)?|export(?:ed)?|printed"
    r"|\w*eingabe\w*|\w*eingang\w*|befunddatum|befunddat|berichts?datum|datum des befund\w*|erfasst|erfassung\w*"
    r"|ausgefüllt|druckdatum"
    r"|saisie|compte[- ]rendu|rendu|réception|reçue?|rempli|validation|édition"
    r"|captura|introducción|registro de datos|informe|recepción|recibid[oa]|cumplimentad[oa]|validación"
    r"|inserimento|referto|refertazione|ricezione|ricevut[oa]|compilazione|compilat[oa]|relatório|digitação"
    r")(?![a-zà-ÿ])|报告|录入|填表|填写|审核|发布|接收|收到|打印|更新|入力|報告|입력|보고"
)
_SAMPLED = re.compile(
    r"(?<![a-zà-ÿ])(?:sampl\w+|collect\w+|drawn?|drawing|bled|visit\w*|abnahme\w*|entnahme\w*|blutentnahme|blutabnahme"
    r"|prélèvement|extracción|toma|prelievo|colheita|coleta|consult\w+)(?![a-zà-ÿ])|采|抽血|取样|标本|访视|随访"
    r"|採血|채혈"
)
_RECEIVED = re.compile(
    r"(?<![a-zà-ÿ])(?:received|receipt|\w*eingang\w*|réception|reçue?|recepción|ricezione)(?![a-zà-ÿ])|接收|收到"
)
_PLANNED = re.compile(
    r"(?<![a-zà-ÿ])(?:next|planned|scheduled|due|intended|appointment|prescri\w+|order(?:ed|ing)?|requested|requisition"
    r"|nächste[rsnm]?|geplante?[rsnm]?|termin\w*|fällig\w*|verordn\w+|verschrieb\w+|verschreibung\w*|rezept\w*"
    r"|bestell\w+"
    r"|prochaine?s?|prévue?s?|rendez-vous|rdv|ordonnance|commande\w*|prescription"
    r"|próxim[oa]s?|programad[oa]s?|planificad[oa]s?|previst[oa]s?|cita|receta\w*|pedid[oa]|solicitud"
    r"|prossim[oa]|programmat[oa]|appuntamento|ordine|ordinat[oa]|ricetta|agendad[oa]|marcad[oa]"
    r")(?![a-zà-ÿ])|下次|下一次|计划|预约|预定|拟用|应用日|处方|医嘱|开具|订单|订购|申请|次回|予定|処方|다음|예정|처방"
)
NOT_OF_A_SAMPLE = "a report, an entry or a receipt"
NOT_OF_A_DOSE = "a plan, a prescription or an order"


def not_of_a_sample(name: str) -> bool:
    """Tell whether a date is called that of a report, of entering data or of receipt, and not that of a sample.

    Parameters
    ----------
    name : str
        Of a column, or its label.

    Examples
    --------
    >>> [not_of_a_sample(one) for one in ("Date of data entry", "报告日期", "Sample received")]
    [True, True, True]
    >>> [not_of_a_sample(one) for one in ("Sample date", "Date", "Visit date (CRF entry)", "采样日期")]
    [False, False, False, False]
    """
    plain = plain_words(name)
    if not _REPORT.search(plain):
        return False
    return bool(_RECEIVED.search(plain)) or not _SAMPLED.search(plain)


def not_of_a_dose(name: str) -> bool:
    """Tell whether a date is called that of a dose that is planned, prescribed or ordered, and need not be given.

    Examples
    --------
    >>> [not_of_a_dose(one) for one in ("HBIG nächster Termin", "próxima dosis", "verordnet am", "处方日期")]
    [True, True, True, True]
    >>> [not_of_a_dose(one) for one in ("HBIG date", "Datum der Gabe", "注射日期", "date d'injection")]
    [False, False, False, False]
    """
    return _PLANNED.search(plain_words(name)) is not None
