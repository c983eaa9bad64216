"""Which columns and fields may hold names or contact data: these are never read, and the report names them."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

_WORDS = frozenset(
    """
    name|names|full name|fullname|first name|firstname|name first|middle name|last name|lastname|name last|surname
    |family name|given name|forename
    |patient name|patientname|subject name|pat name|initials|patient initials|subject initials
    |phone|telephone|tel|mobile|mobile phone|cell phone|phone number|mobile number|fax|email|e-mail|e mail|mail
    |email address|address|home address|street|street address|postcode|zip|zip code
    |birth date|birthdate|date of birth|dob|birthday|contact|contact person
    |id card|id number|identity card|passport|passport number|ssn|social security number|nhs number|mrn|wechat|qq
    |redcap survey identifier
    |vorname|nachname|familienname|geburtsname|patientenname|initialen|geburtsdatum
    |geb.-datum|geb. datum|geb.datum|geb.|geb.dat.
    |telefon|telefonnummer|handy|handynummer|anschrift|adresse|straße|strasse|wohnort|plz|versichertennummer
    |nom|prénom|prenom|nom de famille|nom du patient
    |nom et prénom|initiales|date de naissance|ddn|né le|née le|né(e) le
    |téléphone|portable|adresse postale|code postal|numéro de sécurité sociale
    |n° de sécurité sociale|n° sécurité sociale
    |nombre|nombres|apellido|apellidos|nombre y apellidos|iniciales
    |fecha de nacimiento|fecha nacimiento|fecha nac.|f. nacimiento
    |teléfono|móvil|dirección|domicilio|código postal|dni
    |cognome|nome|nome e cognome|cognome e nome|iniziali|data di nascita|data nascita
    |telefono|cellulare|indirizzo|codice fiscale
    |姓名|患者姓名|病人姓名|受试者姓名|名字|姓名缩写|姓名首字母|患者姓名缩写|受试者缩写|拼音缩写|姓名拼音|缩写
    |电话|手机|手机号|手机号码|电话号码|联系电话|联系方式|联系人|家属|家属电话|家属姓名|邮箱|电子邮箱|邮件|微信|微信号
    |地址|住址|家庭住址|家庭地址|现住址|户籍地址|单位地址|工作单位|邮编|身份证|身份证号|身份证号码|证件号|证件号码|护照号|社保号|医保号
    |医保卡号|出生日期|出生年月|出生年月日|生日
    """.replace("\n", "").replace("  ", "").split("|")
) - {""}  # fmt: skip
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_CARD = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d{9}")


def may_identify(name: str) -> bool:
    """Tell whether a column or field may hold names or contact data, by its own name.

    Examples
    --------
    >>> [may_identify(name) for name in ("姓名缩写", "Patient_Name", "联系电话(手机)", "dob")]
    [True, True, True, True]
    >>> [may_identify(name) for name in ("项目名称", "drug name")]
    [False, False]
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())
    head = re.split(r"[(\[:/]", plain, maxsplit=1)[0].strip()
    return plain in _WORDS or head in _WORDS


def holds_contacts(values: pd.Series) -> bool:
    """Tell whether a column holds e-mail addresses, or numbers of mobile phones or Chinese identity cards.

    Examples
    --------
    >>> [holds_contacts(pd.Series(["", text])) for text in ("a@b.org", "13912345678", "5")]
    [True, True, False]
    """
    texts = {str(one).strip() for one in values.unique()} - {""}
    return any(MAIL.search(one) or _CARD.fullmatch(one) or _PHONE.fullmatch(one) for one in texts)
