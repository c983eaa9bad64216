"use strict";
// What to bear in mind of a patient: the guards of the library that need nothing but the predictors, by their codes.

// A number with so many significant figures, as Python's "g" writes it.
function general(value, figures) {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(figures - 1).split("e")[1]);
  if (exponent >= -4 && exponent < figures) return String(Number(value.toPrecision(figures)));
  const [digits, power] = value.toExponential(figures - 1).split("e");
  return `${Number(digits)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

// An arm as the plan of the trial calls it, by its value in the tables.
function armNamed(model, name, say) {
  const shown = (model.arms.labels && model.arms.labels[name]) || name;
  return shown === "control" ? say("control") : shown;
}

const unitIn = (unit, say) => (["weeks", "years"].includes(unit) ? say(`unit_${unit}`) : unit || "");
const tenths = risk => (100 * risk).toFixed(1);
const threeFigures = value => (Math.abs(value) >= 100 ? value.toFixed(0) : general(value, 3));

// `say(key, values)` writes a sentence in the language of the page; `label(field)` the name of a predictor or the text of
// a criterion; `bounds` are those of the values that were typed.
function warningsOf(model, codes, riskOf, say, label, bounds) {
  const found = [], missing = model.fields.map((field, i) => isMissing(codes[i]));
  const warn = (code, text) => found.push(`${code} ${text}`);
  model.fields.forEach((field, i) => { if (missing[i]) warn("RS201", say("rs201", { label: label(field) })); });
  model.fields.forEach((field, i) => {
    const text = missing[i] ? null : outside(model, field, codes[i], say, label);
    if (text) warn("RS202", text);
  });
  const deviate = distance(model, codes);
  if (deviate > model.distance_limit) {
    const among = model.scatter.places.filter(i => !missing[i]).map(i => label(model.fields[i])).join(say("listed"));
    warn("RS203", say("rs203", {
      distance: deviate.toFixed(1), limit: model.distance_limit.toFixed(1), labels: among,
    }));
  }
  const failed = criteriaNotMet(model, codes, bounds);
  failed.forEach(one => warn("RS206", say(one.excludes ? "rs206_excludes" : "rs206", { id: one.id, text: label(one) })));
  model.fields.forEach((field, i) => {
    if (field.type === "week" && !field.weeks.includes(codes[i])) {
      warn("RS208", say("rs208", { week: general(codes[i], 6) }));
    }
  });
  const noArm = Boolean(model.arms.names) && Object.keys(model.arms.codes[0]).some(place => missing[place]);
  if (noArm || (model.arms.names && failed.length)) {
    const risks = model.arms.names.map((name, arm) => say(name ? "risk_with_arm" : "risk_with_other_arm", {
      risk: tenths(riskOf(withArm(codes, model.arms.codes[arm]))), arm: armNamed(model, name, say),
    }));
    warn("RS209", say(noArm ? "rs209" : "rs209_outside", { risks: risks.join(say("listed")) }));
  }
  model.fields.forEach((field, i) => {
    if (!missing[i] && field.hardly_known) {
      warn("RS210", say(field.hardly_known === "prior" ? "rs210_prior" : "rs210_left_out", { label: label(field) }));
    }
  });
  if (model.no_gain) warn("RS211", say("rs211", {}));
  return found;
}

function withArm(codes, arm) { return codes.map((one, i) => (i in arm ? arm[i] : one)); }

function outside(model, field, code, say, label) {
  if (field.type === "level") {
    const level = field.levels[code];
    const few = (field.few || []).includes(level);
    if (!few && !field.never.includes(level)) return null;
    return say(few ? "rs202_few" : "rs202_level", { label: label(field), level });
  }
  if (field.low === null || field.low === undefined) return null;
  const isYesNo = [field.low, field.high].every(one => one === 0 || one === 1);
  const [low, high] = isYesNo ? [0, 1] : [field.low, field.high];
  const margin = model.range_margin * (high - low) + 1e-9;
  if (code >= low - margin && code <= high + margin) return null;
  const shown = field.type === "number" ? one => threeFigures(clinical(one, field)) : threeFigures;
  const times = Math.max(low - code, code - high) / (high - low);
  const values = {
    label: label(field), value: shown(code), unit: unitIn(field.unit, say), low: shown(low), high: shown(high),
    times: times >= 100 ? times.toFixed(0) : general(times, 2),
  };
  return say(high - low <= 1e-9 ? "rs202_constant" : "rs202", values);
}

// The squared Mahalanobis distance over the known predictors, as a normal deviate; see training_scatter.py.
function distance(model, codes) {
  const scatter = model.scatter;
  if (!scatter) return -Infinity;
  const known = scatter.places.map((place, i) => i).filter(i => !isMissing(codes[scatter.places[i]]));
  if (known.length < 2) return -Infinity;
  const score = known.map(i => {
    const [low, median, high] = scatter.quantiles.map(one => one[i]);
    let below = (median - low) / scatter.at_95, above = (high - median) / scatter.at_95;
    if (!(below > 0)) below = above;
    if (!(above > 0)) above = below;
    const away = codes[scatter.places[i]] - median, one = away < 0 ? away / below : away / above;
    return isMissing(one) ? 0 : Math.min(Math.max(one, -3), 3);
  });
  const solved = solve(known.map(i => known.map(j => scatter.correlation[i][j])), score);
  const free = known.length, squared = sum(score.map((one, i) => one * solved[i]));
  return (Math.cbrt(squared / free) - (1 - 2 / (9 * free))) / Math.sqrt(2 / (9 * free)) / scatter.spread;
}

// Gaussian elimination of a small positive definite system.
function solve(matrix, right) {
  const rows = matrix.map((row, i) => [...row, right[i]]), size = rows.length;
  for (let i = 0; i < size; i += 1) {
    for (let k = i + 1; k < size; k += 1) {
      const share = rows[k][i] / rows[i][i];
      for (let j = i; j <= size; j += 1) rows[k][j] -= share * rows[i][j];
    }
  }
  const found = new Array(size).fill(0);
  for (let i = size - 1; i >= 0; i -= 1) {
    found[i] = (rows[i][size] - sum(found.map((one, j) => (j > i ? one * rows[i][j] : 0)))) / rows[i][i];
  }
  return found;
}
