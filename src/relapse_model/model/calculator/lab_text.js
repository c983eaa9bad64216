"use strict";
// A subset of what the library reads as a laboratory prints it: one number, with a comparator or without; a word for
// "below the limit". Whatever else is typed is refused, never guessed.

const NUMBER = /^(<=|>=|<|>)?\s*([+-]?)(\d+(?:[.,]\d*)?|\.\d+)(?:\s?e([+-]?\d+))?$/i;

function tidiedText(text) {
  return text.normalize("NFKC").replace(/\u2264|\u2a7d/g, "<=").replace(/\u2265|\u2a7e/g, ">=")
    .replace(/\u2212|\u2013/g, "-").trim();
}

// Returns { kind: "missing" | "number" | "below" | "unreadable", comparator, number }.
function readResult(text, words) {
  const tidy = tidiedText(text), squeezed = tidy.toLowerCase().replace(/[\s_-]/g, "");
  if (!tidy) return { kind: "missing" };
  if (words.includes(squeezed)) return { kind: "below" };
  const found = NUMBER.exec(tidy);
  if (!found) return { kind: "unreadable" };
  const [, comparator = "", sign, digits, exponent = "0"] = found;
  // One comma before three digits may part thousands or be the decimal comma: nobody can tell.
  if (/^0*[1-9]\d*,\d{3}$/.test(digits)) return { kind: "unreadable", ambiguous: true };
  if (/,$/.test(digits)) return { kind: "unreadable" };
  const number = Number(`${sign}${digits.replace(",", ".")}e${exponent}`);
  return Number.isFinite(number) ? { kind: "number", comparator, number } : { kind: "unreadable" };
}

// What is typed into a field, as the model takes it: { code } (NaN where nothing is typed), with the bounds of the true
// value in the field's own unit, or { error }.
function readField(field, text, factor, words) {
  const result = field.result, read = readResult(text, result && result.words ? words : []);
  if (read.kind === "missing") return { code: NaN };
  if (read.kind === "unreadable") return { error: read.ambiguous ? "ambiguous_comma" : "enter_number" };
  if (!result && read.comparator) return { error: "no_comparator" };
  if (read.kind === "number" && read.number < 0 && !field.negative) return { error: "negative" };
  if (read.comparator === "<" && read.number === 0 && !field.negative) return { error: "negative" };
  let value = read.number * factor;
  const limit = result ? result.lower_limit : null;
  const isZero = read.kind === "number" && !read.comparator && value === 0 && !field.negative && limit !== null;
  if (read.kind === "below" || isZero) {
    if (limit === null) return { error: "state_limit" };
    value = standIn(limit, result.stand_in);
  } else if (result && read.comparator.startsWith("<")) {
    value = standIn(value, result.stand_in);
  }
  if (result && result.lowest !== null) value = Math.max(value, result.lowest);
  if (Math.abs(value) > 1e30) return { error: "enter_number" };
  if (isImpossible(read, read.number * factor, field.possible, limit)) return { error: "impossible" };
  if (field.log10 && value <= 0) return { error: "positive" };
  return { code: onModelScale(value, field), bounds: boundsOf(read, read.number * factor, limit, isZero) };
}

function boundsOf(read, value, limit, isZero) {
  if (read.kind === "below" || isZero) return [-Infinity, limit];
  if (read.comparator.startsWith("<")) return [-Infinity, value];
  return [value, read.comparator ? Infinity : value];
}

// Whether no possible value fits what is typed; below a limit of the assay, how low it went is all that is said.
function isImpossible(read, value, possible, limit) {
  if (!possible || read.kind !== "number") return false;
  const [low, high] = possible, { comparator } = read;
  const tooLow = value < low - 1e-7 * Math.abs(low), tooHigh = value > high + 1e-7 * Math.abs(high);
  if (comparator.startsWith("<") || (!comparator && value === 0)) return tooLow && limit === null;
  return tooHigh || (!comparator && tooLow);
}

const standIn = (limit, rule) => (rule === "half" ? 0.5 * limit : rule === "limit" ? limit : limit - Math.log10(2));

function onModelScale(value, field) {
  const capped = field.cap === null ? value : Math.min(value, field.cap);
  if (field.saturating !== null) return capped / (capped + field.saturating);
  return field.log10 ? Math.log10(capped) : capped;
}

function clinical(code, field) {
  if (field.saturating !== null) return field.saturating * code / Math.max(1 - code, 1e-12);
  return field.log10 ? 10 ** code : code;
}
