"""What a text says that a row or a column is, instead of a result of the patient's blood or a dose that was given.

One table of words for all readers: names of tests and drugs, labels and headers, specimens, notes and states.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.label_words import plain_words

PERSON, SPECIMEN, DERIVED, LOGARITHM = "another person", "another specimen", "a quantity derived from it", "a logarithm"
NO_RESULT, NOT_GIVEN, NOT_FOUND = "no valid result", "not given, or a placebo", "no finding of the patient's own"
NEVER, WITHDRAWN = "never given", "taken back"
CANCELLED, FLUID = "a result that was cancelled", "a result of another specimen"
NOT_FINAL = "a result that may not be final"
OF_RESULTS = (PERSON, SPECIMEN, DERIVED, LOGARITHM, NO_RESULT)
"""What the name of a result, its label or a note beside it may say that it is."""
OF_TREATMENTS = (PERSON, NOT_GIVEN)
"""What the name of a treatment, or its state, may say."""
OF_OUTCOMES = (PERSON, NOT_FOUND)
"""What the text of an event or a diagnosis may say."""


def _words(words: str, others: str = "") -> re.Pattern[str]:
    """Compile words of languages with an alphabet, which stand alone, and others, which stand anywhere."""
    alone = r"(?<![a-zà-ÿ])(?:" + "|".join(words.split("\n")) + r")(?![a-zà-ÿ])"
    return re.compile(alone + (f"|{others}" if others else ""))


_TAKEN_BACK = (
    r"cancel(?:l)?ed|cancel|void(?:ed)?|revoked|withdrawn|storniert|annull?iert|annullat[oa]|annulée?|anulad[oa]"
    r"|entered[- ]in[- ]error|invalid|not valid|rejected"
)
_VOID = rf"{_TAKEN_BACK}|superseded|obsolete"
_VOID_CHINESE = "作废|取消|撤销|无效|拒收|退回|不合格|错误"
_FLUID = (
    r"urine|urin|orina|urina|saliva|csf|cerebrospinal(?: fluid)?|stool|breast milk|cord blood|liquor|speichel|stuhl"
    r"|lcr|salive|selles|heces|liquor cerebrospinale"
)
_FLUID_CHINESE = "尿(?!素|酸|嘧啶)|唾液|脑脊液|粪便|乳汁|脐血|脐带血|髄液|臍帯血|소변|뇌척수액|타액"
# not ascites: it is a finding, too
_SAYS: Mapping[str, re.Pattern[str]] = {
    PERSON: _words(
        r"""(?:grand)?mother(?:'?s)?
maternal
(?:grand)?father(?:'?s)?
paternal
mom|mum|dad
husband(?:'?s)?
wife(?:'?s)?
spouse(?:'?s)?
partner(?:'?s)?
donor(?:'?s|s)?
siblings?|brother(?:'?s)?|sister(?:'?s)?|daughter(?:'?s)?
newborn|neonate|infant|baby|f(?:o)?etus
associated person
mutter|vater|spender(?:in)?|mère|père|donneur|madre|padre|donante""",
        "母亲|父亲|丈夫|妻子|配偶|供者|供体|供血者|兄弟|姐妹|家属|新生儿|婴儿|胎儿|産婦|母の|父の",
    ),
    SPECIMEN: _words(
        rf"""{_FLUID}|urinary|urinalysis|sputum|sweat|semen
ascites|aszites|ascite|ascitis|ascitic(?: fluid)?
pleural(?: fluid)?|peritoneal(?: fluid)?|synovial(?: fluid)?|amniotic(?: fluid)?
body fluid|dialysate|drainage
f(?:a)?eces|f(?:a)?ecal|milk|umbilical cord
bone marrow|tissue|biopsy|swab|pbmc
bile(?! (?:acids?|salts?))""",
        f"{_FLUID_CHINESE}|痰|腹水|腹腔积液|胸水|胸腔积液|大便|骨髓|肝组织|组织标本|胆汁(?!酸)",
    ),
    DERIVED: _words(
        r"""(?:absolute |percent(?:age)? |%)?change(?: from baseline)?
chg|pchg|delta|difference|fold|shift
(?:upper|lower) (?:reference |normal )?limits?(?: of normal)?
limits? of (?:normal|detection|quantification|quantitation)
[x×*]?\s?uln|uln[x×]?|lln|ulnr|lloq|uloq|lod|loq
(?:reference|normal) (?:range|interval|value)s?
multiples?(?: of)?
(?:toxicity |ctcae? )?grade|ctcae?
ratio|slope|auc|area under(?: the curve)?
mean|average|median|geometric mean|peak|nadir|maximum|minimum""",
        "δ|变化|差值|倍数|正常上限|参考上限|上限值|正常下限|参考下限|参考值|参考范围|分级|比值|比率|斜率|平均值"
        "|均值|中位数|峰值|最高值|最低值",
    ),
    LOGARITHM: _words(
        r"""(?:log|lg|ln)(?:\s?10|\s?2|₁₀)?(?:[- ]?transformed)?
logarithm""",
        "对数|(?<![a-z])log10|(?<![a-z])lg10",
    ),
    NO_RESULT: _words(
        rf"""{_VOID}
error|unsatisfactory|unsuitable
qns|quantity not sufficient|insufficient(?: (?:quantity|sample|specimen))?
h(?:a)?emoly[sz]ed|h(?:a)?emolysis|h(?:a)?emolytic|lip(?:a)?emic|clotted
h(?:ä|ae)moly\w+|lip(?:ä|ae)misch|geronnen|hémolys\w+|hemoli[sz]\w+|emolizzat[oa]|emolisi|contaminated|mislabel(?:l)?ed
not (?:done|performed|tested|reported)
qc|quality control|calibrator|calibration|blank|test patient""",
        f"{_VOID_CHINESE}|溶血|脂血|凝块|质控|校准|定标|标本不足|样本不足|量不足|未做|未检(?!出)|未查",
    ),
    WITHDRAWN: _words(
        rf"""{_TAKEN_BACK}
reported in error|in error|disregard|do not use|mislabel(?:l)?ed|mix(?:ed)?[- ]?up|swapped|interchanged
unreliable|not reliable|false[- ](?:positive|negative)
(?:sample|specimen|blood|serum|tube) (?:is |was )?(?:h(?:a)?emoly[sz]ed|lip(?:a)?emic|clotted|contaminated|insufficient)
h(?:a)?emoly[sz]ed (?:sample|specimen|blood|serum)
(?:wrong|other|another|different|incorrect) (?:patient|person|subject|sample|specimen|tube|blood)(?:'s)?
(?:not|un)[- ]?reliable|not (?:usable|correct|interpretable)|(?:result|value)s? (?:is |are |was |were )?wrong
see (?:the )?(?:repeat|retest|recheck)(?:ed)?(?: (?:result|value|sample|test))?|pipetting error|typo|qc failed
fehlmessung|messfehler|(?:ergebnis|befund|wert|resultat) zurückgezogen|zurückgezogen
(?:proben?|röhrchen) (?:vertauscht|verwechselt)
(?:échantillon|tube|prélèvement)s? (?:inversé|échangé|interverti)s?|ininterprétable
erreur (?:d'|de )(?:identité|identification|étiquetage|saisie)
(?:muestra|tubo)s? (?:cambiad|intercambiad)[oa]s?|error de (?:identificación|etiquetado|transcripción)
(?:resultado|valor|exame) cancelado
(?:amostra|tubo)s? trocad[oa]s?|paciente errado|amostra errada|resultado inválido
(?:campione|provetta) scambiat[oa]|errore di (?:etichettatura|identificazione|trascrizione)|campione non idoneo
non idoneo
wbit|(?:drawn|taken|bled) from (?:the )?wrong (?:pt|patient|person|subject)|see (?:the )?corrected (?:report|result)
ungültig|nicht (?:verwertbar|gültig|zuverlässig)|falsche[rs]? (?:patient(?:in)?|probe)|proben?verwechslung|verwechselt
mauvais (?:patient|tube|échantillon)|erreur (?:de|d') ?(?:patient|tube|échantillon)
non (?:valide|valido|fiable)|invalide
paciente (?:equivocad[oa]|erróne[oa])|muestra equivocada
no (?:es )?(?:válid[oa]|fiable)|paziente (?:sbagliato|errato)""",
        "作废|取消|撤销|无效|拒收|标本错误|患者错误|病人错误|错误标本|其他患者|他人标本|张冠李戴|[弄搞拿标]错"
        "|不可靠|不准确|有误"
        "|(?:标本|样本|血样)(?:溶血|互换|调换|混淆)|假阳性|假阴性|[抽采]错"
        "|取り違え|別人|無効|溶血あり|検体不良|測定ミス|取消|다른 환자|(?:검체|환자).?바뀜|뒤바뀜|용혈|취소|무효",
    ),  # of a free text beside a result
    NOT_GIVEN: _words(
        r"""placebo|sham|dummy|plazebo
refus(?:ed|al)(?! (?:further|more|to continue))|declin(?:ed|es)(?! (?:further|more|to continue))
(?:not|never) (?:taken|given|administered|dispensed|received|started|used|applied|injected|infused|prescribed|done)
withheld|omitted|missed|skipped|forgotten|cancel(?:l)?ed|void(?:ed)?|entered[- ]in[- ]error
scheduled|planned|intended
none given|no dose|postponed|deferred|rescheduled|on hold
nicht (?:gegeben|verabreicht|erhalten|genommen)|abgelehnt|verweigert|verschoben|aufgeschoben|ausgesetzt|geplant
(?:non|pas) (?:administrée?|donnée?|reçue?|faite?|réalisée?|injectée?|eseguit[oa]|somministrat[oa]|dat[oa])|refusée?
reportée?|différée?|prévue?
no (?:administrad[oa]|dad[oa]|recibid[oa]|puest[oa])|rechazad[oa]|aplazad[oa]|pospuest[oa]|rifiutat[oa]|rinviat[oa]""",
        "^no |^non-|^without |安慰剂|模拟剂|未用|未给|未注射|未使用|未服|未接种|漏用|漏服|漏打|拒绝|取消|作废|计划"
        "|推迟|延期|暂缓|待定",
    ),
    NEVER: _words(
        r"""(?:not|never) (?:taken|given|administered|dispensed|received|started|used|injected|infused)
entered[- ]in[- ]error|error|cancel(?:l)?ed|cancel|void(?:ed)?""",
        "未用|未给|未注射|未使用|未服|作废|取消|录入错误",
    ),  # of a reason for stopping, which may say that what was given ended as planned, or was refused later
    CANCELLED: _words(_VOID, _VOID_CHINESE),
    FLUID: _words(_FLUID, _FLUID_CHINESE),
    NOT_FINAL: _words(
        r"""preliminary|prelim|provisional|interim|pending|partial|draft|registered|ordered
incomplete|in (?:progress|process)
unverified|un(?:validated|reviewed|approved|released|signed)|to be (?:verified|confirmed|reviewed|repeated)
not (?:yet )?(?:final|verified|validated|reviewed|approved|released|signed)|awaiting \w+|on hold|under review
corrected|correction|amended|revised|modified|vorläufig|korrigiert|provisoire|préliminaire|provisional|preliminar|corregid[oa]|corrigée?|corrett[oa]""",
        "待(?:复核|审核|审|核|确认|复查|复检|发布|定|测)|未(?:复核|审核|审|核实|确认|发布|完成)|初步|初报|暂定|草稿"
        "|已?(?:修改|更正|修正|改正|复查中|复检中)|检验中|处理中",
    ),  # of a state of a result alone
    NOT_FOUND: _words(
        r"""ruled? out|r/o|excluded|exclude|no evidence of|negative for|not confirmed|unconfirmed|disproved|refuted
history of|personal history|past history|h/o|hx|fhx|(?:family|maternal|paternal) history(?: of)?
risk of|at risk|suspected|suspicion|possible|differential(?: diagnosis)?
entered[- ]in[- ]error|cancel(?:l)?ed|void(?:ed)?""",
        r"\br/o\b|排除|家族史|既往史|病史|既往|疑似|可疑|待排|待查|录入错误|作废|取消",
    ),
}


def other_thing(text: str, kinds: Collection[str] = OF_RESULTS) -> str:
    """Return what a text says that its row or column is instead; nothing where it does not say so.

    Assumes that the text is about the row: the name of a test or drug, a label, a specimen, a state or a note.

    Parameters
    ----------
    text : str
    kinds : collection of str
        Those of which something may be said, such as `OF_RESULTS`.

    Examples
    --------
    >>> other_thing("ALT (mother)"), other_thing("HBsAb, urine"), other_thing("Change in ALT"), other_thing("尿素")
    ('another person', 'another specimen', 'a quantity derived from it', '')
    >>> other_thing("HBIG placebo", OF_TREATMENTS), other_thing("Family history of HCC", OF_OUTCOMES)
    ('not given, or a placebo', "no finding of the patient's own")
    """
    plain = plain_words(text)
    return next((kind for kind in kinds if plain and _SAYS[kind].search(plain)), "")


def says_only(text: str, kinds: Collection[str]) -> str:
    """Return what a text says where it says nothing else; nothing where it has other words, too.

    Parameters
    ----------
    text : str
        Of which it is not known what it is about.
    kinds : collection of str

    Examples
    --------
    >>> [says_only(text, (CANCELLED, FLUID)) for text in ("已作废", "尿液", "cancelled visit")]
    ['a result that was cancelled', 'a result of another specimen', '']
    """
    plain = _AROUND.sub("", plain_words(text))
    return next((kind for kind in kinds if plain and _SAYS[kind].fullmatch(plain)), "")


_AROUND = re.compile(
    r"^已|(?<=.)(?<!脑脊)(?<!唾)(?:液|液体|标本|样本)$"
)  # what a Chinese word may have before or behind it
_CLAUSED = 12  # words of a note of which one clause may take the result back
_SHORT = 7  # words: a longer note may speak of another result, or say that the first was wrong and this one is right
_TOLD_NOT = re.compile(
    r"\b(?:not (?:valid|reliable|usable|correct|interpretable)|do not use|no (?:es )?(?:válid[oa]|fiable))(?![a-zà-ÿ])"
)
_CLAUSES = re.compile(r"[,;.:，；。：]\s*")
_DENIED = re.compile(
    r"\b(?:no|not|none|without|previous(?:ly)?|prior|earlier|first|corrected|replaces?|slight(?:ly)?|mild(?:ly)?"
    r"|minimal(?:ly)?)\b|なし|無し|없|更正|之前|原结果|未见|无误|轻度|轻微"
)
_PLAINLY = re.compile(
    r"\b(?:disregard|do not use)\b.*\b(?:result|value|test|report|sample|specimen)\b"
    r"|\b(?:result|value|test|report|sample|specimen)\b.*\b(?:disregard|do not use|unreliable|swapped|interchanged"
    r"|mislabel(?:l)?ed)\b"
    r"|\b(?:from|of|belongs? to|is)\b.*\b(?:wrong|another|different|other) (?:patient|person|subject)"
)
_LONG = 15  # words of a note that speaks of its own result, however many of them are about it


def takes_all_back(text: str) -> bool:
    """Tell whether a free text beside a result says, and says nothing else, that it was taken back.

    A longer one says so if it names the result, the specimen or another person.

    Examples
    --------
    >>> takes_all_back("Cancelled."), takes_all_back("wrong patient"), takes_all_back("Corrected; first in error")
    (True, True, False)
    >>> takes_all_back("Wrong patient, sample of the next in the list"), takes_all_back("not the wrong patient")
    (True, False)
    >>> takes_all_back("Result is from wrong subject; disregard"), takes_all_back("Sample slightly hemolyzed")
    (True, False)
    """
    plain = plain_words(text)
    if _DENIED.search(plain) and not _TOLD_NOT.search(plain):
        return False
    words = len(plain.split())
    if words <= _LONG and _PLAINLY.search(plain) and other_thing(text, (WITHDRAWN,)):
        return True
    clauses = [plain, *_CLAUSES.split(plain)] if words <= _CLAUSED else []
    return any(0 < len(one.split()) <= _SHORT and other_thing(one, (WITHDRAWN,)) for one in (plain, *clauses))


def other_things(texts: pd.Series, kinds: Collection[str] = OF_RESULTS) -> NDArray[np.object_]:
    """Return for each text what it says instead; each different one is read once.

    Parameters
    ----------
    texts : Series
    kinds : collection of str
        As in `other_thing`.
    """
    codes, distinct = pd.factorize(texts)
    said = [other_thing(str(one), kinds) for one in distinct]
    found: NDArray[np.object_] = np.array([*said, ""], dtype=object)[codes]
    return found
