"""Remarks of several words beside a dose that say that it was not given; not those on a visit, or another treatment."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.other_things import NOT_GIVEN, other_thing

_CLAUSES = re.compile(r"[,;.:()!，；。：（）]\s*|\s(?:but|and|aber|und|mais|et|pero|ma)\s")
_WHY = re.compile(
    r"\s(?:because|due to|owing to|since|wegen|aufgrund|weil|à cause|en raison|suite à|debido|causa|per|por)\b.*"
    r"|(?<=未[给用])因.*"
)
_WHEN = re.compile(r"(?<=\w)\s(?:to|until|till|auf|bis|au|al|hasta|fino)\b.*")
_PUT_OFF = (
    r"postponed|deferred|rescheduled|verschoben|aufgeschoben|reportée?|différée?|aplazad[oa]|pospuest[oa]|rinviat[oa]"
    r"|推迟|延期|暂缓"
)
_NOT = re.compile(
    r"(?<![a-zà-ÿ])(?:"
    r"(?:not|never) (?:be(?:en)? )?(?:given|administered|injected|infused|received|applied|taken|dispensed|done)"
    r"|withheld|omitted|skipped|missed|forgotten|(?:refused|declined|refuses|declines)(?! to)"
    r"|nicht (?:gegeben|verabreicht|injiziert|erhalten|appliziert)|abgelehnt|verweigert|ausgesetzt|vergessen"
    r"|(?:non|pas) (?:été )?(?:administrée?|donnée?|injectée?|reçue?|faite?)|refusée?|oubliée?"
    r"|no (?:se )?(?:administr\w+|aplic\w+|puest[oa]|recib\w+|dad[oa])|rechaz\w+|olvidad[oa]"
    r"|nicht erschienen|did not (?:attend|come|show)|no[- ]show|ne s'est pas présentée?|non présentée?"
    r"|no (?:acudió|vino|se presentó)|non (?:si è )?presentat[oa]"
    r"|non (?:è stat[oa] )?(?:somministrat[oa]|ricevut[oa]|fatt[oa])|rifiutat[oa]|placebo"
    rf"|(?:{_PUT_OFF})(?! from))(?![a-zà-ÿ])"
    r"|未(?:到|注射|使用|用药|给药|用|给|打)|拒绝(?:注射|用药|使用)|漏(?:用|打|注射)|推迟|延期|暂缓"
)
_CHANGED = re.compile(
    r"half (?:a |the )?dose|halbe dosis|demi-dose|media dosis|mezza dose|半量|减半"
    r"|(?<![a-zà-ÿ])(?:only|just|nur|seulement|sólo|solo|soltanto|actually|in fact)\s+\d+\s*(?:iu|ie|ui|u|ml)(?![a-z])"
    r"|(?:実際は|実際には|实际(?:为|用|注射)?|仅(?:用|注射)?|只(?:用|注射)?)\s*\d+"
    r"|(?:given|administered|injected|gegeben|verabreicht) (?:on |am )?\d.*(?:instead|statt)"
)
ANOTHER_DOSE = "another amount, or another day"
_OTHER = re.compile(
    r"(?<![a-zà-ÿ])(?:visits?|visite|appointments?|termin|biops\w+|blutentnahme|prise de sang|blood|tests?|samples?"
    r"|vaccin\w*|impf\w*|vacun\w*|antibiotic\w*|antibiotik\w*|transplant\w*|surgery|operation|op|scan|ultrasound|sono\w*"
    r"|endoscopy|follow[- ]?up|next|previous\w*|last|earlier|prior|nächste\w*|letzte\w*|vorige\w*|prochaine?|dernière?"
    r"|próxim[oa]|últim[oa]|further|more|orally|other|another|diet|consent|hospital\w*|interview|questionnaire"
    r")(?![a-zà-ÿ])|随访|复查|访视|活检|抽血|疫苗|下次|上次|检查|化验|住院|手术"
)
_AS_PLANNED = re.compile(
    r"as (?:planned|scheduled|intended)|wie geplant|comme prévue?|según lo planeado|按(?:计划|预约)"
)
_HERE = re.compile(r"(?:at|on) (?:this|the) (?:visit|day|date)|today")
_MOST = 8  # words of a clause, without its reason
_PART = re.compile(
    r"(?<![a-zà-ÿ])(?:half|halved|(?:one|a) (?:quarter|third)|part(?:ial(?:ly)?)?(?! of)|part of the|incomplete(?:ly)?"
    r"|not (?:completely|fully|all)|interrupted|aborted|spilled|leaked|stopped (?:early|after|during|because)"
    r"|halbe[nrs]?|hälfte|teilweise|teildosis|unvollständig|abgebrochen|moitié|demi|partielle(?:ment)?|interrompue?"
    r"|mitad|media|parcial(?:mente)?|interrumpid[oa]|metà|mezza|parziale?|parzialmente|interrott[oa])(?![a-zà-ÿ])"
    r"|半量|一半|减半|部分|未(?:用|打|注射|输)完|中断|中止"
)
_OF_DOSE = re.compile(
    r"(?<![a-zà-ÿ])(?:doses?|dosis|dosi|given|administered|injected|infused|received|infusion|injection|vials?"
    r"|ampoules?|iu|ie|ui|gegeben|verabreicht|injiziert|administrée?|injectée?|administrad[oa]|somministrat[oa]"
    r")(?![a-zà-ÿ])|剂|注射|给药|用药|支"
)
_GIVEN = re.compile(
    r"(?<![a-z])(?:given|administered|injected|infused|received|gegeben|verabreicht|injiziert|administrée?|injectée?"
    r"|administrad[oa]|somministrat[oa])(?![a-z])|注射|实际|给药"
)
_WHOLE = re.compile(
    r"(?<![a-z])(?:total|cumulative|altogether|so far|since|each|per|instead of|insgesamt|gesamt)(?![a-z])|累计|共|总"
)
_AMOUNT = re.compile(r"(?<![\d.,])(\d+(?:,\d{3})*(?:\.\d+)?)\s*\[?(?:iu|ie|ui|units?|u|国际单位|单位)\]?(?![a-z/])")
PART, ANOTHER = "a part of the dose", "another amount"


def dose_not_given(plain: str, *, short: bool) -> str:
    """Say that a dose was not given, or another one, where a remark beside it says so of it; nothing where it does not.

    A clause that names something else that may be put off or refused, or another dose, says nothing of this one.

    Parameters
    ----------
    plain : str
        The remark, as `plain_words` has it.
    short : bool
        Whether it is a word or two, or names the dose, so that any word that nothing was given counts.

    Examples
    --------
    >>> [dose_not_given(one, short=False) for one in ("not given because of fever", "patient refused the injection")]
    ['not given, or a placebo', 'not given, or a placebo']
    >>> [dose_not_given(one, short=True) for one in ("visit postponed", "next dose planned", "given as planned")]
    ['', '', '']
    """
    text = _HERE.sub(" ", _AS_PLANNED.sub(" ", plain))
    clauses = [_WHY.sub("", one) for one in _CLAUSES.split(text) if one]
    if any(_says_so(one) for one in clauses):
        return NOT_GIVEN
    if _CHANGED.search(text):
        return ANOTHER_DOSE
    own = " ".join(one for one in clauses if not _OTHER.search(one))
    return other_thing(own, (NOT_GIVEN,)) if short else ""


def _says_so(clause: str) -> bool:
    if not _NOT.search(clause):
        return False
    head = _WHEN.sub("", clause) if re.search(_PUT_OFF, clause) else clause
    return len(head.split()) <= _MOST and not _OTHER.search(head)


def other_amount(text: str, amount: str) -> str:
    """Say that another amount than the dose was given, where a remark beside it says so; nothing where it does not.

    Parameters
    ----------
    text : str
    amount : str
        The dose; empty where none is known, of which no remark says another one.

    Examples
    --------
    >>> [other_amount(text, "400") for text in ("only half of the dose given (200 IU)", "200 IU given", "400 IU given")]
    ['a part of the dose', 'another amount', '']
    >>> [other_amount(text, "200") for text in ("half dose, 200 IU", "previous dose 400 IU", "part of the study")]
    ['', '', '']
    """
    plain = plain_words(text)
    try:
        dose = float(amount)
    except ValueError:
        return ""
    said = {float(one.replace(",", "")) for one in _AMOUNT.findall(plain)}
    if _OTHER.search(plain) or said == {dose}:
        return ""
    if says_part(plain):
        return PART
    return ANOTHER if said and dose not in said and _GIVEN.search(plain) and not _WHOLE.search(plain) else ""


def says_part(text: str) -> bool:
    """Tell whether a remark speaks of a part of a dose.

    Examples
    --------
    >>> [says_part(text) for text in ("HALF DOSE GIVEN", "Infusion interrupted", "Delayed", "part of the study")]
    [True, True, False, False]
    """
    return any(_PART.search(one) and _OF_DOSE.search(one) for one in re.split("[;.；。]", plain_words(text)))
