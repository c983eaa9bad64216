"use strict";
// Which criteria of the study a patient is known not to meet, as the library decides them from the same values.

const SAME_LIMIT = 1e-7; // of a limit: as in comparisons.py
const isBelow = (value, limit) => value < limit - SAME_LIMIT * Math.abs(limit);
const isAbove = (value, limit) => value > limit + SAME_LIMIT * Math.abs(limit);

// true, false, or undefined where the bounds of the value do not tell: "<10" is below 10, though 10 is not.
function calledBelow([lower, upper], limit) {
  if (isBelow(upper, limit) || (lower < upper && !isAbove(upper, limit))) return true;
  return isBelow(lower, limit) ? undefined : false;
}

function calledAtMost([lower, upper], limit) {
  if (!isAbove(upper, limit)) return true;
  const more = isAbove(lower, limit) || (upper === Infinity && lower < upper && !isBelow(lower, limit));
  return more ? false : undefined;
}

function isMet(criterion, code, bounds) {
  if (isMissing(code)) return undefined;
  if (criterion.met) return criterion.met[code];
  const calls = criterion.conditions.map(([test, limit, holds]) => {
    const called = (test === "below" ? calledBelow : calledAtMost)(bounds, limit);
    return called === undefined ? undefined : called === holds;
  });
  return calls.includes(false) ? false : calls.includes(undefined) ? undefined : true;
}

// `bounds` are what is known of each value in its unit; where none are given, those of the codes.
function criteriaNotMet(model, codes, bounds) {
  const known = i => (bounds && bounds[i]) || [clinical(codes[i], model.fields[i]), clinical(codes[i], model.fields[i])];
  return model.criteria.filter(one => isMet(one, codes[one.field], known(one.field)) === one.excludes);
}
