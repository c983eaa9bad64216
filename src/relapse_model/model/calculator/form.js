"use strict";
// The page: fields, the risk, and what raised and lowered it. Nothing is sent, kept or read from elsewhere.

const MODEL = @MODEL@;
const WORDS = @WORDS@;
const LANGUAGES = Object.keys(WORDS);
const SCORER = scorerOf(MODEL.scorer);
const LEVELS = MODEL.fields.map(field => (field.type === "level" ? field.levels.length : 0));
const numbers = codes => codes.map(one => (one === null ? NaN : one));
const REFERENCE = numbers(MODEL.reference);
const typed = MODEL.fields.map(() => ({ text: "", unit: 0 }));
let language = LANGUAGES[0], shown = null, changed = false, explaining = 0;

// A number stays on one line with its unit, and a range is not broken; as `unbroken` of the reports.
function unbroken(text) {
  return text.replace(/(\d) (%|[\w\u00b5\u00b2.]+\/[\w\u00b2.]+|weeks?\b|years?\b|log10\b|[\u5468\u5c81\u540d])/g, "$1\u00a0$2")
    .replace(/(\d|%) (to|\u81f3) (?=[<>\u2212+-]?\d)/g, "$1\u00a0$2\u00a0")
    .replace(/(log10|[Ww]eek|\u7b2c) (?=[\dA-Za-z])/g, "$1\u00a0");
}

function say(key, values = {}) {
  const text = unbroken(WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name])));
  // Between a Latin and a Chinese character stands a space.
  return language === "zh"
    ? text.replace(/([A-Za-z])(?=[\u4e00-\u9fff])|([\u4e00-\u9fff])(?=[A-Za-z])/g, "$& ") : text;
}

const riskOf = codes => SCORER.risks(rowOf(codes, LEVELS))[1];
const intervalOf = codes => {
  const found = SCORER.interval(rowOf(codes, LEVELS), MODEL.levels);
  return found && ownRiskInterval(riskOf(codes), found, MODEL.residual_sd, MODEL.levels[1][1]);
};
const percent = risk => (risk >= 0.05 && risk <= 0.95 ? (100 * risk).toFixed(0) : (100 * risk).toFixed(1));

// A label in the language of the page; where the study has none, the English one, marked.
function inLanguage(english, chinese) {
  if (language !== "zh") return english;
  return chinese || `${english} (${say("english_only")})`;
}
const label = field => inLanguage(field.label, field.label_zh);
const unitOf = unit => unitIn(unit, say);
const outcome = () => (language === "zh" && MODEL.outcome_zh ? MODEL.outcome_zh : MODEL.outcome);

function element(name, attributes = {}, ...children) {
  const found = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => {
    if (value === true) found.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) found.setAttribute(key, value);
  });
  found.append(...children.filter(one => one !== null));
  return found;
}
const paragraph = (text, kind) => element("p", { class: kind }, text);
const list = texts => element("ul", {}, ...texts.map(one => element("li", {}, one)));

// ---- the test: the page computes what the library computed, or shows nothing ----
function largestDifferences() {
  const risks = [], limits = [];
  MODEL.examples.forEach(example => {
    const codes = numbers(example.codes), interval = intervalOf(codes) || [];
    risks.push(Math.abs(riskOf(codes) - example.risk));
    interval.forEach((one, end) => limits.push(Math.abs(one - example.interval[end])));
  });
  return [Math.max(...risks), Math.max(0, ...limits)]; // not a number where one is not
}

// ---- the fields ----
function choices(field, i, options) {
  const chosen = typed[i].text;
  return element("div", { class: "choices" }, ...options.map(([value, text]) => {
    const input = element("input", {
      type: "radio", name: `f${i}`, value, checked: value === chosen, autocomplete: "off",
    });
    input.addEventListener("change", () => { typed[i].text = value; edited(); });
    return element("label", {}, input, text);
  }));
}

function numberEntry(field, i) {
  const notes = [hint(field), usual(field)].filter(Boolean);
  if (field.result && field.result.lower_limit !== null) {
    const words = field.result.words ? "TND" : `>${general(100 * field.result.lower_limit, 3)}`;
    notes.push(say("as_printed", { limit: general(field.result.lower_limit, 3), words }));
  }
  if (field.passive) notes.push(say("passive", { weeks: MODEL.passive_weeks, agents: language === "zh" ? MODEL.passive_agents_zh : MODEL.passive_agents }));
  const input = element("input", {
    type: "text", id: `f${i}`, inputmode: field.result ? null : "decimal", autocomplete: "off", spellcheck: "false",
    "aria-describedby": `h${i}`,
  });
  input.value = typed[i].text;
  input.addEventListener("input", () => { typed[i].text = input.value; edited(); });
  return element("div", {},
    element("label", { class: "name", for: `f${i}` }, label(field)),
    element("div", { class: "entry" }, input, unitEntry(field, i)),
    element("div", { class: "small soft screen", id: `h${i}` }, ...notes.map(one => element("div", {}, one))));
}

function unitEntry(field, i) {
  const units = field.units || [{ unit: field.unit }];
  if (units.length === 1) return element("span", {}, unitOf(units[0].unit));
  const select = element("select", { "aria-label": say("unit_of", { label: label(field) }), autocomplete: "off" },
    ...units.map((one, place) => element("option", { value: place, selected: place === typed[i].unit }, one.unit)));
  select.addEventListener("change", () => { typed[i].unit = Number(select.value); edited(); });
  return select;
}

function usual(field) {
  if (field.low === null || field.low === undefined) return "";
  const own = one => (field.type === "number" ? clinical(one, field) : one);
  const shownAs = one => (belowLimit(field, own(one)) ? `<${general(field.result.lower_limit, 3)}` : twoFigures(own(one)));
  return say("usual", { low: shownAs(field.low), high: shownAs(field.high), unit: unitOf(field.unit) });
}

// One number stands for all results below the limit where the study says so (`floor`).
function belowLimit(field, value) {
  return field.result && field.result.lowest !== null && value < field.result.lower_limit * (1 - 1e-9);
}

function twoFigures(value) {
  return Math.abs(value) < 100 ? general(value, 2) : Number(value.toPrecision(2)).toLocaleString("en");
}

// What the plan of the trial calls an arm; the value in the tables where it gives no name.
function armShown(field, name) {
  return field.arm ? armNamed(MODEL, name, say) : name;
}

function choiceEntry(field, i) {
  const options = field.type === "level"
    ? field.levels.map((one, place) => [String(place), armShown(field, one)])
    : [["1", say("yes")], ["0", say("no")]];
  const means = field.type === "level" ? [] : [
    field.yes && (field.arm || field.yes.length > 1) ? say("yes_means", { yes: armShown(field, field.yes) }) : "",
    field.no && field.no.length ? say("no_means", { no: field.no.map(one => armShown(field, one)).join(say("listed")) }) : "",
  ].filter(Boolean);
  return element("fieldset", {}, element("legend", {}, label(field)),
    choices(field, i, [...options, ["", say("not_known")]]),
    ...[hint(field), means.join(say("also"))].filter(Boolean).map(one => element("div", { class: "small soft screen" }, one)));
}

function hint(field) {
  return (language === "zh" && field.hint_zh) || field.hint || "";
}

function form() {
  const entries = MODEL.fields.map((field, i) => (
    field.type === "number" || field.type === "week" ? numberEntry(field, i) : choiceEntry(field, i)
  ));
  const found = element("form", { novalidate: true, autocomplete: "off" },
    element("h2", {}, say("enter")), element("p", { class: "soft screen" }, say("enter_hint")),
    element("div", { class: "fields" }, ...entries),
    element("div", { class: "buttons" }, element("button", { class: "main", type: "submit" }, say("show")),
      element("button", { type: "reset" }, say("clear"))));
  found.addEventListener("submit", event => { event.preventDefault(); shown = read(); changed = false; showResult(); });
  found.addEventListener("reset", event => {
    event.preventDefault();
    typed.forEach(one => { one.text = ""; one.unit = 0; });
    shown = null;
    changed = false;
    draw();
  });
  return found;
}

// A risk never stays beside values that it is not of; what cannot be read stays listed until the button is pressed.
function edited() {
  if (!shown || shown.errors.length) return;
  shown = null;
  changed = true;
  showResult();
}

// ---- from what is typed to codes, or to all that cannot be read ----
function read() {
  const errors = [], places = [], bounds = [];
  const codes = MODEL.fields.map((field, i) => {
    const text = typed[i].text;
    const found = field.type === "number"
      ? readField(field, text, field.units[typed[i].unit].factor, MODEL.negative_words)
      : field.type === "week" ? readWeek(field, text) : { code: text === "" ? NaN : Number(text) };
    if (found.error) {
      places.push(i);
      const [low, high] = field.possible || [];
      errors.push([found.error, { field: i, first: field.first, last: field.last, low, high }]);
    }
    bounds.push(found.bounds);
    return found.code;
  });
  const needed = MODEL.needs_one_of;
  if (!errors.length && needed.length && needed.every(i => isMissing(codes[i]))) errors.push(["no_result", {}]);
  return { codes, bounds, errors, places };
}

function readWeek(field, text) {
  const found = text.trim() === "" && field.first === field.last ? { kind: "number", comparator: "", number: field.first }
    : readResult(text, []);
  const good = found.kind === "number" && !found.comparator && found.number >= field.first && found.number <= field.last;
  return good ? { code: found.number } : { error: "week_range" };
}

function errorText([key, values]) {
  if (key === "no_result") return say(key, { labels: MODEL.needs_one_of.map(i => label(MODEL.fields[i])).join(say("listed")) });
  const field = MODEL.fields[values.field];
  return say(key, { ...values, unit: unitOf(field.unit), label: label(field) });
}

// ---- the result ----
function showResult() {
  const place = document.getElementById("result");
  explaining += 1;
  MODEL.fields.forEach((_, i) => {
    const input = document.getElementById(`f${i}`);
    if (input) input.setAttribute("aria-invalid", String(Boolean(shown) && shown.places.includes(i)));
  });
  if (!shown) {
    place.replaceChildren(...(changed ? [element("p", { class: "caution", id: "changed" }, say("changed", { show: say("show") }))] : []));
    return;
  }
  if (shown.errors.length) {
    place.replaceChildren(element("div", { class: "errors" }, element("h2", {}, say("errors_title")),
      list(shown.errors.map(errorText))));
    return;
  }
  const { codes } = shown, risk = riskOf(codes), interval = intervalOf(codes);
  const warnings = warningsOf(MODEL, codes, riskOf, say, label, shown.bounds), why = element("section", {});
  const unlike = warnings.filter(isUnlike), others = warnings.filter(one => !isUnlike(one));
  why.append(element("h2", {}, say("why_title")), paragraph(say("working"), "soft"));
  const found = element("section", {}, element("h2", {}, say("result")),
    element("p", { class: unlike.length ? "figure soft" : "figure", id: "risk", "data-risk": risk }, say("risk_line", { risk: percent(risk) })),
    unlike.length ? element("div", { class: "unlike", id: "unlike" }, element("strong", {}, say("unlike")), warningList(unlike)) : null,
    element("p", { class: MODEL.verdict.shown ? null : "caution", id: "verdict" }, element("strong", {}, MODEL.verdict[language])),
    paragraph(interval ? say("interval_line", {
      level: (100 * MODEL.level).toFixed(0), low: percent(interval[0]), high: percent(interval[1]),
    }) + say(MODEL.residual_sd > 0 ? "interval_own" : "interval_mean") : say("no_interval")),
    paragraph(naturally(risk)), bothArms(codes),
    unlike.length && !others.length ? null : element("h2", {}, say("warnings_title")),
    others.length ? warningList(others) : unlike.length ? null : paragraph(say("no_warnings"), "soft"));
  const print = element("button", { type: "button" }, say("print"));
  print.addEventListener("click", () => window.print());
  place.replaceChildren(found, why, element("div", { class: "buttons" }, print));
  const turn = explaining;
  setTimeout(() => { if (turn === explaining) explain(why, codes, risk); }, 0);
}

const isUnlike = warning => MODEL.unlike.includes(warning.slice(0, 5));

// The text first; the codes, by which a warning is found in the documentation, small behind it.
function warningList(warnings) {
  return element("ul", {}, ...warnings.map(one => {
    const [, code, text, finding] = /^(RS\d{3}) ([^]*?)(?: ?[(\uff08](RM\d{3})[)\uff09])?$/.exec(one);
    return element("li", {}, text[0].toUpperCase() + text.slice(1), " ",
      element("span", { class: "code" }, [code, finding].filter(Boolean).join(" ")));
  }));
}

function naturally(risk) {
  const rare = risk < 0.05 || risk > 0.95;
  return say(rare ? "of_1000" : "of_100", {
    count: (rare ? 1000 * risk : 100 * risk).toFixed(0), outcome: outcome(), horizon: MODEL.horizon,
  });
}

function bothArms(codes) {
  if (!MODEL.arms.both) return null;
  const rows = MODEL.arms.names.map((name, arm) => {
    const own = withArm(codes, MODEL.arms.codes[arm]), interval = intervalOf(own);
    const text = interval ? say("interval_line", {
      level: (100 * MODEL.level).toFixed(0), low: percent(interval[0]), high: percent(interval[1]),
    }) : "";
    return element("tr", {}, element("th", { scope: "row" }, armNamed(MODEL, name, say) || say("another_arm")),
      element("td", {}, say("risk_line", { risk: percent(riskOf(own)) })), element("td", {}, text));
  });
  return element("div", {}, element("h2", {}, say("arms_title")),
    element("table", {}, element("tbody", {}, ...rows)), paragraph(say("arms_note"), "small soft"));
}

// ---- what raised and lowered it ----
function explain(place, codes, risk) {
  const each = explained(SCORER, codes, REFERENCE, LEVELS, MODEL.orders);
  const end = SCORER.logOdds(rowOf(codes, LEVELS));
  let at = end - sum(each);
  const base = sigmoid(at), order = each.map((_, i) => i).sort((a, b) => Math.abs(each[b]) - Math.abs(each[a]));
  const steps = order.map(i => {
    const before = sigmoid(at);
    at += each[i];
    return { field: MODEL.fields[i], place: i, code: codes[i], reference: REFERENCE[i], effect: each[i], before, after: sigmoid(at) };
  });
  const cell = (key, text) => element("td", { "data-label": say(key) }, text);
  const rows = steps.map(one => element("tr", {},
    element("th", { scope: "row" }, label(one.field)), cell("value", asTyped(one) || valueShown(one.field, one.code)),
    cell("reference", referenceShown(one.field, one.reference)), cell("effect", effectShown(one))));
  const heads = ["predictor", "value", "reference", "effect"].map(one => element("th", { scope: "col" }, say(one)));
  place.replaceChildren(element("h2", {}, say("why_title")),
    paragraph(say(`why_note_${MODEL.base}`, { base: tenths(base), risk: tenths(risk) }), "soft"), chart(steps, base, risk),
    element("div", { class: "scroll", role: "region", "aria-label": say("effect"), tabindex: "0" }, element("table", { id: "why" },
      element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows))));
}

// A result below or above a limit is shown as it was typed: the number that stands for it is the model's.
function asTyped({ field, place, code }) {
  const text = tidiedText(typed[place].text);
  if (!field.result || isMissing(code) || /^[\d.,]/.test(text)) return "";
  return /\d/.test(text) ? unbroken(`${text} ${field.units[typed[place].unit].unit}`) : text; // a word has no unit
}

function valueShown(field, code) {
  if (isMissing(code)) return say("missing");
  if (field.type === "level") return armShown(field, field.levels[code]);
  if (field.type === "yes_no") return say(code === 1 ? "yes" : "no");
  const number = threeFigures(field.type === "number" ? clinical(code, field) : code);
  return unbroken(`${number} ${unitOf(field.unit)}`.trim());
}

function referenceShown(field, code) {
  if (field.type === "yes_no" && !isMissing(code)) return say("share_yes", { share: (100 * code).toFixed(0) });
  return valueShown(field, code);
}

function effectShown({ effect, before, after }) {
  if (Math.abs(effect) < 0.01) return say("hardly");
  const same = tenths(before) === tenths(after);
  return say((effect > 0 ? "raises" : "lowers") + (same ? "_slightly" : ""), { before: tenths(before), after: tenths(after) });
}

function chart(steps, base, risk) {
  const spots = [base, risk, ...steps.map(one => one.after)], low = Math.min(...spots), high = Math.max(...spots);
  const narrow = document.documentElement.clientWidth < 480; // letters keep their size on a telephone
  const [left, width, rowHeight] = narrow ? [190, 145, 22] : [230, 350, 22], span = Math.max(high - low, 1e-6);
  const x = value => left + width * (value - low) / span;
  const draw = (name, attributes, text) => {
    const found = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => found.setAttribute(key, value));
    if (text !== undefined) found.textContent = text;
    return found;
  };
  const found = draw("svg", {
    viewBox: `0 0 ${left + width + 60} ${rowHeight * (steps.length + 1)}`, role: "img", "aria-label": say("chart"),
  });
  steps.forEach((one, i) => {
    const [from, to] = [x(one.before), x(one.after)], top = rowHeight * i + 4, up = one.effect > 0;
    const name = label(one.field), cut = name.length > (narrow ? 22 : 30) ? `${name.slice(0, narrow ? 21 : 29)}\u2026` : name;
    found.append(
      draw("text", { x: left - 10, y: top + 12, "text-anchor": "end" }, cut),
      draw("rect", {
        x: Math.min(from, to), y: top, width: Math.max(Math.abs(to - from), 1.5), height: rowHeight - 8,
        class: up ? "up" : "down",
      }),
      draw("text", { x: Math.max(from, to) + 4, y: top + 12 }, up ? "\u25b2" : "\u25bc"),
      draw("line", { x1: to, x2: to, y1: top, y2: top + rowHeight, class: "rule" }));
  });
  const last = rowHeight * (steps.length + 1) - 6;
  const apart = x(risk) - x(base), anchor = apart < 0 ? ["start", "end"] : ["end", "start"];
  found.append(
    draw("text", { x: x(base), y: last, "text-anchor": Math.abs(apart) < 60 ? anchor[0] : "middle" }, `${tenths(base)} %`),
    draw("text", { x: x(risk), y: last, "text-anchor": Math.abs(apart) < 60 ? anchor[1] : "middle" }, `${tenths(risk)} %`));
  return found;
}

// ---- about, and the whole ----
function about() {
  const values = { ...MODEL.about, outcome: outcome(), horizon: MODEL.horizon };
  const criteria = [["", MODEL.include], ["exclude", MODEL.exclude]].filter(([, texts]) => texts.length);
  return element("section", { class: "small" }, element("h2", {}, say("about_title")),
    paragraph(say("about", { ...values, classifier: WORDS[language][MODEL.about.kind] || MODEL.about.classifier })),
    paragraph(criteria.length ? criteriaLine() : say("any_patient")),
    ...criteria.flatMap(([key, texts]) => [key ? paragraph(say(key)) : null,
      list(texts.map(([english, chinese]) => inLanguage(english, chinese)))]),
    paragraph([MODEL.few_events ? say("limits_few") : "", say("limits")].filter(Boolean).join(language === "zh" ? "" : " ")),
    paragraph([say("record", { ...MODEL.about, date: new Date().toISOString().slice(0, 10) }),
      MODEL.registry ? say("registry", { registry: MODEL.registry }) : ""].join(language === "zh" ? "" : " ")));
}

function criteriaLine() {
  const counts = MODEL.eligibility;
  if (!counts) return say("criteria_unknown");
  const all = counts.not_met === 0 && counts.undecidable === 0;
  return say(all ? "criteria_all" : "criteria_met", { ...MODEL.about, ...counts });
}

function draw() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  const values = { outcome: outcome(), horizon: MODEL.horizon, landmark: MODEL.landmark };
  document.title = say("title", values);
  const others = LANGUAGES.filter(one => one !== language).map(one => {
    const button = element("button", { type: "button", lang: one === "zh" ? "zh-Hans" : one }, WORDS[one].name);
    button.addEventListener("click", () => { language = one; draw(); });
    return button;
  });
  document.getElementById("calculator").replaceChildren(
    element("header", {}, element("div", {}, element("h1", {}, say("title", values)),
      paragraph(say("subtitle", values), "soft")), element("div", { class: "screen" }, ...others)),
    MODEL.synthetic ? paragraph(say("synthetic"), "band") : "",
    paragraph(say("research")),
    MODEL.verdict.shown ? "" : element("p", { class: "caution screen", id: "fared" }, MODEL.verdict[language]), form(), element("div", { id: "result", "aria-live": "polite" }), about());
  showResult();
}

const [riskApart, limitApart] = largestDifferences(), closed = document.getElementById("closed");
if (riskApart <= 1e-9 && limitApart <= 1e-7) {
  closed.remove();
  document.getElementById("calculator").hidden = false;
  draw();
} else {
  const apart = Math.max(riskApart, limitApart);
  closed.textContent = LANGUAGES.map(one => {
    language = one;
    return say("start_failed", { difference: isMissing(apart) ? "?" : general(apart, 2) });
  }).join(" ");
}
