"""The words by which a proposal recognises columns, in English and Chinese; and visits in their names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from relapse_model.cohort.readers.spreadsheets.table import VISIT, name_of_column
from relapse_model.cohort.readers.visit_weeks import TOKENS
from relapse_model.study.names import NameTable


def _words(text: str) -> tuple[str, ...]:
    return tuple(name_of_column(word) for word in text.split("|"))


IDENTIFIERS = _words(
    "patient id|patientid|subject id|subjid|usubjid|subject|participant id|pid|mrn|hospital number|case number|case no"
    "|record id|study id|病案号|住院号|登记号|病历号|门诊号|患者编号|患者id|病人编号|病人id|病人号|受试者编号|受试者号"
    "|入组编号|研究编号|筛选号|随机号|编号|id|patient-nr.|patient-nr|patientennummer|patienten-nr.|patienten-nr|patienten-id"
    "|patient nr|patient no|fallnummer|fall-nr.|fallnr.|fallnr|pat-nr|pat-nr.|pat.-nr.|pat.-nr|pat.nr.|pat. nr.|pat nr"
    "|patnr|pat-id|pat.-id|patienten nr|patienten-nummer|patient-id|n° patient|n° de patient|n°patient|no patient"
    "|no. patient|nº patient|numéro patient|numéro de patient|numéro du patient|id patient|identifiant"
    "|identifiant patient"
    "|n° dossier|nº paciente|n° paciente|número de paciente|id paciente|nhc|historia clínica|número de historia"
    "|nº historia|id paziente|n. paziente|n° paziente|numero paziente|codice paziente"
)
ENROLMENT = _words(
    "enrolment date|enrollment date|date of enrolment|date of enrollment|enrol date|enrolled|inclusion date"
    "|randomisation date|randomization date|入组日期|入组时间|入组日|入选日期|纳入日期|随机日期|随机化日期|随机时间"
    "|einschluss|einschlussdatum|datum einschluss|studieneinschluss|randomisierung|randomisierungsdatum"
    "|datum des einschlusses|datum der randomisierung|date d'inclusion|date inclusion|date de l'inclusion|inclusion"
    "|date de randomisation|fecha de inclusión|fecha inclusión|fecha de inclusion|inclusión|fecha de aleatorización"
    "|fecha de randomización|data di inclusione|data inclusione|data di arruolamento|data arruolamento|arruolamento"
    "|data di randomizzazione"
)
PATIENT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "centre": _words("centre|center|site|zentrum|klinik|standort|hôpital|hospital|centro|ospedale|研究中心|中心|医院"),
    "arm": _words(
        "arm|group|treatment group|study arm|behandlungsarm|studienarm|gruppe|bras|groupe|brazo|grupo|braccio|gruppo"
        "|分组|组别|治疗组|试验分组"
    ),
    "sex": _words("sex|gender|geschlecht|geschl.|geschl|m/w|w/m|sexe|sexo|sesso|genre|género|genere|性别"),
    "age_years": _words(
        "age|age years|age at enrolment|alter|alter (jahre)|alter in jahren|lebensalter|âge|edad|età|年龄|入组年龄"
    ),
    "bmi_kg_m2": _words("bmi|body mass index|imc|体重指数|体质指数|体质量指数"),
    "hbv_genotype": _words("genotype|hbv genotype|genotyp|hbv-genotyp|génotype|genotipo|基因型|hbv基因型|乙肝基因型"),
    "prior_nuc": _words("prior nuc|prior na|na experienced|核苷经治|na经治|既往核苷|既往nas"),
    "pegifn_weeks": _words("pegifn weeks|干扰素疗程(周)|干扰素周数|干扰素治疗周数"),
    "consolidation_weeks": _words("consolidation weeks|巩固周数|巩固治疗周数|巩固治疗(周)|巩固时间(周)"),
    "decompensated_cirrhosis": _words("decompensated cirrhosis|失代偿肝硬化|失代偿期肝硬化|失代偿"),
    "coinfection": _words("coinfection|co-infection|合并感染"),
    "malignancy": _words("malignancy|恶性肿瘤"),
}
BEFORE_TREATMENT = {"hbeag": "hbeag_positive_before_treatment", "hbsag": "hbsag_before_treatment_iu_ml"}
_BEFORE = re.compile(r"治疗前|用药前|before treatment|pre-?treatment")
_BASELINE = re.compile(r"基线|baseline")
TESTS = _words(
    "analyte|test|test name|testname|parameter|项目名称|检验项目|检验项目名称|检测项目|项目|检验名称|指标|指标名称"
    "|untersuchung|analyt|laborparameter|analyse|examen|paramètre|prueba|parámetro|determinación|esame|parametro"
)
RESULTS = _words(
    "result|results|value|test result|ergebnis|befund|wert|messwert|résultat|valeur|resultado|valor|risultato"
    "|valore|结果|检验结果|检测结果|结果值|测定值|数值|值"
)
UNITS = _words(
    "unit|units|result unit|test unit|uom|einheit|einheiten|unité|unités|unidad|unidades|unità|单位|结果单位|检验单位"
)
ASSAYS = _words("assay|platform|instrument|analyser|analyzer|reagent|仪器|试剂|检测试剂|方法|检测方法|检测平台|平台")
DAYS = _words(
    "collection date|sample date|sampling date|date of sampling|采样日期|采样时间|采集日期|采集时间|标本日期|抽血日期"
    "|visit date|date|随访日期|访视日期|就诊日期|检验日期|检验时间|检查日期|检查时间|化验日期|抽血时间|采血日期"
    "|采血时间|送检日期|访视时间|随访时间|复查日期|复查时间|检测日期|检测时间|日期|时间"
    "|datum|abnahmedatum|entnahmedatum|probendatum|visitendatum|untersuchungsdatum|datum der untersuchung"
    "|datum der visite"
    "|datum der blutentnahme|blutentnahme|blutabnahme|probenentnahme|date de visite|date visite|date de la visite"
    "|date de prélèvement|date du prélèvement|date prélèvement|prélèvement|fecha|fecha de visita|fecha visita"
    "|fecha de extracción|fecha extracción|fecha de la muestra|data visita|data della visita|data prelievo"
    "|data del prelievo|data di prelievo"
)
WEEKS = _words(
    "week|weeks|wk|study week|visit week|week no|week number|woche|studienwoche|semaine|semana|settimana"
    "|周|周数|周次|随访周|随访周数|访视周"
)
AGENTS = _words(
    "agent|drug|drug name|medication|treatment|药物|药物名称|药品|药品名称|用药|治疗药物|medikament|wirkstoff|substanz"
    "|médicament|traitement|molécule|medicamento|fármaco|tratamiento|farmaco|trattamento"
)
STARTS = _words(
    "start date|start|started|begin date|date of dose|dose date|开始日期|起始日期|开始时间|用药日期|注射日期|给药日期"
    "|beginn|startdatum|date de début|début|fecha de inicio|fecha inicio|inicio|data di inizio|data inizio|inizio"
)
ENDS = _words(
    "end date|end|stop date|stop|stopped|结束日期|停药日期|终止日期|结束时间|ende|enddatum|stopp"
    "|date de fin|fin|fecha de fin|fecha fin|data di fine|data fine|fine"
)
DOSE_UNITS = (*_words("dose unit|dose units|unit of dose|dosage unit|剂量单位|用量单位"), *UNITS)
DOSES = _words("dose|amount|dosis|menge|posologie|cantidad|剂量|用量")
HISTORIES = _words(
    "medication history|drug history|treatment history|用药史|用药情况|治疗史|治疗经过|既往用药"
    "|抗病毒治疗史|抗病毒用药史"
)
CONTROLS = _words(
    "control|controls|ctrl|kontrolle|kontrollgruppe|témoin|témoins|contrôle|grupo control|controllo|对照|空白对照"
)
_ARM_ENDINGS = re.compile(r"\s*(?:group|arm|治疗组|试验组|组)$")
FLAGS: Mapping[str, str] = dict.fromkeys(("阳性", "positive", "pos", "(+)"), "1") | dict.fromkeys(
    ("阴性", "negative", "neg", "(-)"), "0"
)

WORD_VISIT = re.compile(
    r"(?<![a-z0-9])(?:eot|eos|et|bl|uns(?:ch(?:ed(?:uled)?)?)?|screening|baseline|basale?|end of treatment"
    r"|early termination"
    r"|(?:fu|fup|follow[ -]?up)[ _-]?\d{1,3})(?![a-z0-9])|基线|筛选期?|停药时|治疗结束时?|末次|计划外"
)
"""A visit that is called by a word: it has no week of its own, or another clock counts its weeks."""

_ALIASES: Mapping[str, str] = {
    word: analyte
    for analyte, words in {
        "hbsag": "aghbs|ag hbs|hbs ag|antigène hbs|antígeno hbs|antigene hbs|antígeno de superficie",
        "anti_hbs": "ac anti hbs|anticorps anti hbs|achbs|ac hbs|anti hbs ak|anticuerpos anti hbs|anticorpi anti hbs",
        "hbv_dna": "adn vhb|adn du vhb|vhb adn|dna vhb|vhb dna|charge virale vhb|charge virale b|carga viral vhb",
        "alt": "alat|tgp|alat gpt|gpt alat|alt gpt|gpt alt|alat tgp|tgp alat",
        "ast": "asat|tgo|asat got|got asat|ast got|got ast",
        "platelets": "thrombozyten|plaquettes|plaquetas|piastrine",
        "albumin": "albumine|albúmina|albumina",
        "bilirubin": "bilirubin gesamt|gesamtbilirubin|bilirubine totale|bilirrubina total|bilirubina totale",
    }.items()
    for word in words.split("|")
}
"""Names in German, French, Spanish and Italian, for proposals alone."""
_QUANTITATIVE = re.compile(
    r"(?<![a-z])(?:quant\.?|quantitativ\w*|quantitatif|cuantitativo|titer|titre)(?![a-z])", re.IGNORECASE
)
_BRACKETS = re.compile(r"\(([^()]*(?:\([^()]*\))?[^()]*)\)\s*$")


@dataclass(frozen=True, slots=True)
class AtVisit:
    """A name of a column in which a visit stands.

    Attributes
    ----------
    pattern : str
        The name with ``{visit}`` in place of its number.
    visit, counted : str
        The number, and what it counts: ``"week"``, ``"month"``, ``"day"``, ``"visit"``.
    rest : str
        The name without the visit.
    """

    pattern: str
    visit: str
    counted: str
    rest: str


def at_visit(name: str, *, whole: bool = False) -> AtVisit | None:
    """Return the visit that the name of a column holds; None where it holds none.

    Parameters
    ----------
    name : str
    whole : bool
        Whether the visit is all that stands for it, W12, instead of its number.

    Examples
    --------
    >>> at_visit("W12 HBsAg(IU/mL)")
    AtVisit(pattern='W{visit} HBsAg(IU/mL)', visit='12', counted='week', rest='HBsAg(IU/mL)')
    >>> at_visit("HBsAg_w12").rest, at_visit("第12周 ALT").pattern, at_visit("PLT (10^9/L)")
    ('HBsAg', '第{visit}周 ALT', None)
    """
    low = name.casefold()
    if len(low) != len(name):
        return None
    for counted, token in TOKENS:
        if found := token.search(low):
            start, end = found.span(0 if whole else 1)
            pattern = name[:start] + VISIT + name[end:]
            rest = (name[: found.start()] + " " + name[found.end() :]).strip(" _-:：")
            return AtVisit(pattern, name[start:end], counted, rest)
    return None


def at_word_visit(name: str) -> AtVisit | None:
    """Return the visit that a name has in a word; None where it has none.

    Examples
    --------
    >>> at_word_visit("HBsAg EOT"), at_word_visit("EOT date").pattern, at_word_visit("HBsAg")
    (AtVisit(pattern='HBsAg {visit}', visit='EOT', counted='word', rest='HBsAg'), '{visit} date', None)
    """
    low = name.casefold()
    found = WORD_VISIT.search(low) if len(low) == len(name) else None
    if found is None:
        return None
    start, end = found.span()
    rest = (name[:start] + " " + name[end:]).strip(" _-:：")
    return AtVisit(name[:start] + VISIT + name[end:], name[start:end], "word", rest) if rest else None


def head_and_unit(name: str) -> tuple[str, str]:
    """Return a name without the unit in brackets at its end, and the unit.

    Examples
    --------
    >>> head_and_unit("HBsAb 表面抗体（mIU/mL）"), head_and_unit("BMI")
    (('HBsAb 表面抗体', 'mIU/mL'), ('BMI', ''))
    """
    plain = name.replace("（", "(").replace("）", ")")
    found = _BRACKETS.search(plain)
    return (plain[: found.start()].strip(), found[1].strip()) if found else (name.strip(), "")


def bare_name(name: str) -> str:
    """Return a name as the words above have it: without brackets, underscores as spaces."""
    return name_of_column(head_and_unit(name)[0]).replace("_", " ").replace("’", "'")


def analyte_of(text: str, names: NameTable) -> str | None:
    """Return the analyte that a name means, as a whole or in all of its words; None where any word says more.

    Examples
    --------
    >>> names = NameTable({"alt": ("谷丙转氨酶",), "ast": ()}, ("alt",))
    >>> analyte_of("ALT 谷丙转氨酶", names), analyte_of("ALT AST", names), analyte_of("ALT 定性", names)
    ('alt', None, None)
    """
    plain = text.replace("_", " ").strip(" .")
    whole = names.meaning(plain).name or _by_alias(plain, names) or _by_alias(_QUANTITATIVE.sub(" ", plain), names)
    if whole is not None:
        return whole
    parts = {names.meaning(part).name for part in re.split(r"[\s_/()（）]+", text) if part}
    return parts.pop() if len(parts) == 1 else None


def _by_alias(text: str, names: NameTable) -> str | None:
    """Return the analyte that a name in another language means; None where a study does not know the analyte."""
    plain = " ".join(re.split(r"[\W_]+", text.casefold())).strip()
    found = names.meaning(plain).name if plain else None
    alias = _ALIASES.get(plain)
    return found or (alias if alias is not None and names.meaning(alias).name == alias else None)


def before_treatment(name: str, names: NameTable) -> str | None:
    """Return the column of the patients table for a result before treatment; None where the name says no such thing."""
    plain = name_of_column(name)
    if not _BEFORE.search(plain):
        return None
    rest = _BASELINE.sub(" ", _BEFORE.sub(" ", plain))
    rest = re.sub(r"[()\[\]_]", " ", head_and_unit(rest)[0])
    return BEFORE_TREATMENT.get(analyte_of(" ".join(rest.split()), names) or "")


def arm_of(text: str, levels: tuple[str, ...]) -> str | None:
    """Return which arm a text names, by the study's levels and the words for a control; None where it names none.

    Examples
    --------
    >>> arm_of("HBIG组", ("hbig", "control")), arm_of("对照组", ("hbig", "control")), arm_of("A组", ("hbig", "control"))
    ('hbig', 'control', None)
    """
    core = _ARM_ENDINGS.sub("", name_of_column(text))
    by_name = {name_of_column(level): level for level in levels}
    if core in by_name:
        return by_name[core]
    controls = [level for key, level in by_name.items() if key in CONTROLS]
    return controls[0] if core in CONTROLS and len(controls) == 1 else None
