"use strict";
// Risks from the values of a classifier, as `scorer_values.py` writes them. Each scorer takes one row of the matrix
// (a missing value is NaN) and gives the log-odds, both risks, and the interval. Nothing here knows the page.

function unpack(part) {
  const text = atob(part.f64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  const view = new DataView(bytes.buffer), found = new Float64Array(bytes.length / 8);
  for (let i = 0; i < found.length; i += 1) found[i] = view.getFloat64(8 * i, true);
  return found;
}

const TINY = 2.2250738585072014e-308;
const isMissing = Number.isNaN;
const sum = values => values.reduce((total, one) => total + one, 0);
const mean = values => sum(values) / values.length;

function sigmoid(logOdds) {
  const tail = Math.exp(-Math.abs(logOdds));
  return (logOdds >= 0 ? 1 : tail) / (1 + tail);
}

const logit = risk => Math.log(risk) - Math.log1p(-risk);
const logOddsOf = ([free, risk]) => Math.log(Math.max(risk, TINY)) - Math.log(Math.max(free, TINY));
const limitAsLogOdds = risk => logit(Math.min(Math.max(risk, TINY), 1 - 2 ** -53));
const bothRisks = logOdds => [sigmoid(-logOdds), sigmoid(logOdds)];

// The quantile between the order statistics, linearly, as numpy has it.
function quantile(values, level) {
  const sorted = Float64Array.from(values).sort(), place = level * (sorted.length - 1);
  const below = Math.floor(place), share = place - below;
  const low = sorted[below], high = sorted[Math.min(below + 1, sorted.length - 1)];
  return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share);
}

// Hart's rational approximation (Computer Approximations, 1968, no. 5666), as `mixture_quantile.py` has it.
const HART_ABOVE = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
  220.206867912376,
];
const HART_BELOW = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
  793.826512519948, 440.413735824752,
];
const polynomial = (x, coefficients) => coefficients.reduce((found, one) => found * x + one, 0);

function normalCdf(z) {
  const away = Math.min(Math.abs(z), 38);
  const tail = Math.exp(-0.5 * away * away) * polynomial(away, HART_ABOVE) / polynomial(away, HART_BELOW);
  return z > 0 ? 1 - tail : tail;
}

// The point below which a mixture of normals has this share, by halving between its components' quantiles.
function mixtureQuantile(means, sds, weights, level, deviate) {
  let low = Infinity, high = -Infinity;
  means.forEach((one, i) => {
    const at = one + deviate * Math.max(sds[i], 1e-100);
    low = Math.min(low, at);
    high = Math.max(high, at);
  });
  for (let step = 0; step < 200 && high - low > 1e-14 * Math.max(1, Math.abs(low), Math.abs(high)); step += 1) {
    const middle = 0.5 * (low + high);
    let below = 0;
    means.forEach((one, i) => { below += weights[i] * normalCdf((middle - one) / Math.max(sds[i], 1e-100)); });
    if (below < level) low = middle; else high = middle;
  }
  return 0.5 * (low + high);
}

// The terms of a study, of one row; missing where a factor is.
function shaped(value, factor) {
  const limit = factor.log10 && factor.at > 0 ? Math.log10(factor.at) : factor.at;
  if (isMissing(value) || factor.shape === "value") return value;
  if (factor.shape === "saturating") {
    const x = factor.log10 ? value * Math.log(10) : Math.log(Math.max(value, 1e-300));
    return 1 / (1 + Math.exp(Math.min(Math.log(factor.at) - x, 700)));
  }
  if (factor.shape === "cap") return Math.min(value, limit);
  if (factor.shape === "minus") return value - limit;
  return Number(factor.shape === "below" ? value < limit : value >= limit);
}

const expanded = (row, terms, indicators) => [
  ...row,
  ...terms.map(factors => factors.reduce((product, one) => product * shaped(row[one.column], one), 1)),
  ...indicators.map(column => Number(isMissing(row[column]))),
];

function columnsOf(values) {
  const [impute, center, scale] = [values.impute, values.center, values.scale].map(unpack);
  return {
    scale,
    distance: row => row.map((one, j) => (isMissing(one) ? impute[j] : one) - center[j]),
    standard: row => row.map((one, j) => ((isMissing(one) ? impute[j] : one) - center[j]) / scale[j]),
    impute, center,
  };
}

const SCORERS = {
  mixture(values) {
    const columns = columnsOf(values), [coef, intercept, covariance, weight, nodes, nodeWeight] =
      ["coef", "intercept", "covariance", "weight", "nodes", "node_weight"].map(name => unpack(values[name]));
    const size = columns.scale.length, width = (size + 1) * (size + 2) / 2;
    function moments(row) {
      const whole = expanded(row, values.terms, values.indicators), away = columns.distance(whole);
      const design = [1, ...away], means = new Float64Array(weight.length), sds = new Float64Array(weight.length);
      for (let b = 0; b < weight.length; b += 1) {
        let at = intercept[b], variance = 0, place = b * width;
        for (let j = 0; j < size; j += 1) at += coef[b * size + j] * away[j];
        for (let i = 0; i <= size; i += 1) {
          for (let j = i; j <= size; j += 1) {
            const one = covariance[place];
            variance += (i === j ? 1 : 2) * design[i] * design[j] * one;
            // Of coefficient times value, both uncertain: E[coef ** 2] times the variance of the value.
            if (i === j && i > 0 && isMissing(whole[i - 1])) {
              variance += columns.scale[i - 1] ** 2 * (coef[b * size + i - 1] ** 2 + one);
            }
            place += 1;
          }
        }
        means[b] = at;
        sds[b] = Math.sqrt(Math.max(variance, 0));
      }
      return [means, sds];
    }
    function risks(row) {
      const [means, sds] = moments(row);
      let free = 0, risk = 0;
      means.forEach((at, b) => {
        let below = 0, above = 0;
        nodes.forEach((node, k) => {
          const logOdds = at + sds[b] * node;
          below += nodeWeight[k] * sigmoid(-logOdds);
          above += nodeWeight[k] * sigmoid(logOdds);
        });
        free += weight[b] * below;
        risk += weight[b] * above;
      });
      return [free, risk];
    }
    return {
      risks,
      logOdds: row => logOddsOf(risks(row)),
      interval(row, levels) {
        const [means, sds] = moments(row);
        return levels.map(([level, deviate]) => sigmoid(mixtureQuantile(means, sds, weight, level, deviate)));
      },
    };
  },

  hazard(values) {
    const columns = columnsOf(values), draws = unpack(values.draws), [count, width] = values.draws.shape;
    const cut = one => Math.min(Math.max(one, -690), 690);
    function odds(row) {
      const whole = expanded(row, values.terms, []), away = columns.distance(whole), found = new Float64Array(count);
      for (let m = 0; m < count; m += 1) {
        const first = m * width + values.intervals;
        let at = 0, variance = 0;
        away.forEach((one, j) => {
          at += draws[first + j] * one;
          if (isMissing(whole[j])) variance += (columns.scale[j] * draws[first + j]) ** 2;
        });
        at += Math.sqrt(variance) * draws[(m + 1) * width - 1];
        const factor = Math.exp(cut(at));
        for (let k = 0; k < values.intervals; k += 1) {
          const within = Math.min(Math.exp(cut(draws[m * width + k])) * factor, 1e300);
          found[m] = Math.min(found[m] + within * (1 + found[m]), 1e300);
        }
      }
      return found;
    }
    const risks = row => {
      const found = odds(row);
      return [mean(found.map(one => 1 / (1 + one))), mean(found.map(one => one / (1 + one)))];
    };
    return {
      risks,
      logOdds: row => logOddsOf(risks(row)),
      interval(row, levels) {
        const each = odds(row).map(one => one / (1 + one));
        return levels.map(([level]) => quantile(each, level));
      },
    };
  },

  gaussian_line(values) {
    const covariance = unpack(values.covariance);
    return line(values, (design, logOdds, levels) => {
      let variance = 0;
      design.forEach((one, i) => design.forEach((other, j) => {
        variance += one * other * covariance[i * design.length + j];
      }));
      const sd = Math.sqrt(Math.max(variance, 0));
      return levels.map(([, deviate]) => sigmoid(logOdds + deviate * sd));
    });
  },

  resampled_line(values) {
    const resampled = unpack(values.resampled), count = values.resampled.shape[0];
    return line(values, (design, logOdds, levels) => {
      const each = Array.from({ length: count }, (_, r) => (
        sum(design.map((one, j) => one * resampled[r * design.length + j]))
      ));
      return shifted(logOdds, each, levels);
    });
  },

  trees(values) {
    const whole = treesOf(values.booster), others = values.resampled.map(treesOf);
    return {
      logOdds: (row, margin) => whole.logOdds(row, margin),
      risks: (row, margin) => bothRisks(whole.logOdds(row, margin)),
      interval(row, levels, margin) {
        return shifted(whole.logOdds(row, margin), others.map(one => one.logOdds(row, margin)), levels);
      },
      contributions: row => whole.contributions(row),
    };
  },

  forest(values) {
    const columns = columnsOf(values), [feature, right, number, nodes] =
      [values.feature, values.right, values.number, values.nodes].map(unpack);
    const farthest = one => Math.fround(Math.min(Math.max(one, -1e30), 1e30));
    function each(row) {
      const at = columns.standard(row).map(farthest), found = new Float64Array(nodes.length);
      let first = 0;
      nodes.forEach((count, tree) => {
        let node = first;
        while (feature[node] >= 0) node = at[feature[node]] <= number[node] ? node + 1 : first + right[node];
        found[tree] = number[node];
        first += count;
      });
      return found;
    }
    const risks = row => { const risk = mean(each(row)); return [1 - risk, risk]; };
    return {
      risks,
      logOdds: row => logit(risks(row)[1]),
      interval(row, levels) {
        // Trees come in pairs of the same row weights: what differs within a pair is chance.
        const risk = each(row), pairs = [];
        let chance = 0;
        for (let i = 0; i < risk.length; i += 2) {
          pairs.push((risk[i] + risk[i + 1]) / 2);
          chance += (risk[i] - risk[i + 1]) ** 2 / 2;
        }
        chance /= pairs.length * 2;
        const middle = mean(pairs), total = sum(pairs.map(one => (one - middle) ** 2)) / (pairs.length - 1);
        const kept = Math.sqrt(Math.max(total - chance, 0) / (total > 0 ? total : 1));
        const logOdds = pairs.map(logit), center = quantile(logOdds, 0.5), own = mean(risk);
        const found = levels.map(([level]) => (
          sigmoid(logit(own) + quantile(logOdds.map(one => one - center), level) * kept)
        ));
        return [Math.min(found[0], own), Math.max(found[1], own)];
      },
    };
  },

  averaged(values) {
    const weights = unpack(values.weights), members = values.members.map(scorerOf);
    const isLine = members.every(one => one.lineContributions);
    function logOdds(row) {
      const first = members[0].logOdds(row);
      return sum(members.map((one, i) => (
        weights[i] * (i === 0 ? first : values.from_first[i] ? one.logOdds(row, first) : one.logOdds(row))
      )));
    }
    return {
      logOdds,
      risks: row => bothRisks(logOdds(row)),
      interval(row, levels) {
        const first = members[0].interval(row, levels).map(limitAsLogOdds);
        const limits = members.map((one, i) => {
          if (i === 0) return first;
          if (!values.from_first[i]) return one.interval(row, levels).map(limitAsLogOdds);
          return [0, 1].map(end => limitAsLogOdds(one.interval(row, levels, first[end])[end]));
        });
        const own = logOdds(row), [low, high] = [0, 1].map(end => sum(limits.map((one, i) => weights[i] * one[end])));
        return [sigmoid(Math.min(low, own)), sigmoid(Math.max(high, own))];
      },
      lineContributions: !isLine ? null : (row, reference) => members
        .map((one, i) => one.lineContributions(row, reference).map(value => weights[i] * value))
        .reduce((total, one) => total.map((value, j) => value + one[j])),
    };
  },

  recalibrated(values) {
    const inner = scorerOf(values.inner), apply = logOdds => values.intercept + values.slope * logOdds;
    const logOdds = row => apply(inner.logOdds(row));
    return {
      logOdds,
      risks: row => bothRisks(logOdds(row)),
      interval(row, levels) {
        const [low, high] = inner.interval(row, levels).map(one => apply(limitAsLogOdds(one))), own = logOdds(row);
        return [sigmoid(Math.min(low, own)), sigmoid(Math.max(high, own))];
      },
      lineContributions: !inner.lineContributions ? null : (row, reference) => (
        inner.lineContributions(row, reference).map(one => values.slope * one)
      ),
    };
  },
};

function scorerOf(values) { return SCORERS[values.kind](values); }

// The interval of the patient's own risk, as `own_risk.py` has it: wider by what the predictors leave out.
function ownRiskInterval(risk, interval, sd, deviate) {
  if (!(sd > 0)) return interval;
  const farther = Math.sqrt(1 + (256 * 3) / (225 * Math.PI ** 2) * sd ** 2), at = limitAsLogOdds(risk) * farther;
  return interval.map((one, end) => {
    const away = Math.sqrt((limitAsLogOdds(one) * farther - at) ** 2 + (deviate * sd) ** 2);
    return sigmoid(end === 0 ? at - away : at + away);
  });
}

function shifted(logOdds, resampled, levels) {
  if (!resampled.length) return null; // fitted without intervals
  const center = quantile(resampled, 0.5);
  return levels.map(([level]) => sigmoid(logOdds + quantile(resampled.map(one => one - center), level)));
}

function line(values, limits) {
  const columns = columnsOf(values), coef = unpack(values.coef);
  const designOf = row => [1, ...columns.standard(row)];
  const logOdds = row => values.intercept + sum(columns.standard(row).map((one, j) => one * coef[j]));
  return {
    logOdds,
    risks: row => bothRisks(logOdds(row)),
    interval: (row, levels) => limits(designOf(row), logOdds(row), levels),
    lineContributions(row, reference) {
      const start = columns.standard(reference);
      return columns.standard(row).map((one, j) => coef[j] * (one - start[j]));
    },
  };
}

// Trees as their paths: a row meets the one leaf of each tree whose conditions it fulfils. xgboost compares numbers
// of 32 bits, and adds the leaves up in 32 bits.
function treesOf(values) {
  const [count, leaf, tests, conditions] =
    [values.paths, values.leaf, values.tests, values.conditions].map(unpack), width = values.conditions.shape[1];
  const firstTest = new Int32Array(leaf.length);
  for (let path = 1; path < leaf.length; path += 1) firstTest[path] = firstTest[path - 1] + tests[path - 1];
  function holds(row, test) {
    const at = test * width, value = row[conditions[at]];
    if (isMissing(value)) return conditions[at + 3] === 1;
    const rounded = Math.fround(value);
    return rounded >= conditions[at + 1] && rounded < conditions[at + 2];
  }
  function keeps(row, path) {
    for (let test = firstTest[path]; test < firstTest[path] + tests[path]; test += 1) {
      if (!holds(row, test)) return false;
    }
    return true;
  }
  return {
    logOdds(row, margin) {
      let found = Math.fround(margin === undefined ? values.start : margin), path = 0;
      count.forEach(paths => {
        const end = path + paths;
        while (!keeps(row, path)) path += 1;
        found = Math.fround(found + leaf[path]);
        path = end;
      });
      return found;
    },
    // Shapley values of a sum of products: each leaf is a game of the columns on its path, in which a known column
    // keeps the row or not, and an unknown one keeps the share of the training rows.
    contributions(row) {
      const found = new Float64Array(row.length);
      leaf.forEach((value, path) => {
        const players = tests[path], kept = [], share = [];
        for (let i = 0; i < players; i += 1) {
          kept.push(Number(holds(row, firstTest[path] + i)));
          share.push(conditions[(firstTest[path] + i) * width + 4]);
        }
        for (let i = 0; i < players; i += 1) {
          const column = conditions[(firstTest[path] + i) * width];
          found[column] += value * (kept[i] - share[i]) * meanOfOthers(kept, share, i);
        }
      });
      return found;
    },
  };
}

// The product over the other players, averaged over the orders in which a player may join.
function meanOfOthers(kept, share, player) {
  let bySize = [1]; // sum of the products over the subsets of so many known columns
  kept.forEach((one, j) => {
    if (j === player) return;
    const next = new Array(bySize.length + 1).fill(0);
    bySize.forEach((value, known) => {
      next[known + 1] += value * one;
      next[known] += value * share[j];
    });
    bySize = next;
  });
  const players = kept.length;
  return sum(bySize.map((value, known) => value / (players * binomial(players - 1, known))));
}

function binomial(n, k) {
  let found = 1;
  for (let i = 1; i <= k; i += 1) found = found * (n - k + i) / i;
  return found;
}

// Shapley values of any function of the predictors, against one reference: exact up to ten of them, else over the
// orders that Python drew, each forwards and backwards.
function shapley(value, row, reference, orders) {
  const players = row.length, found = new Float64Array(players);
  if (players > 10) {
    orders.forEach(order => [order, [...order].reverse()].forEach(one => {
      const mixed = [...reference];
      let before = value(mixed);
      one.forEach(player => {
        mixed[player] = row[player];
        const after = value(mixed);
        found[player] += (after - before) / (2 * orders.length);
        before = after;
      });
    }));
    return found;
  }
  const worth = new Float64Array(2 ** players);
  for (let subset = 0; subset < worth.length; subset += 1) {
    worth[subset] = value(row.map((one, j) => (subset >> j & 1 ? one : reference[j])));
  }
  for (let subset = 0; subset < worth.length; subset += 1) {
    const size = row.filter((_, j) => subset >> j & 1).length;
    for (let j = 0; j < players; j += 1) {
      if (!(subset >> j & 1)) {
        found[j] += (worth[subset | 1 << j] - worth[subset]) / (players * binomial(players - 1, size));
      }
    }
  }
  return found;
}

// The codes of a patient (one number per predictor; of levels, which one) as a row of the matrix.
function rowOf(codes, levels) {
  return codes.flatMap((code, i) => {
    if (!levels[i]) return [code];
    return Array.from({ length: levels[i] - 1 }, (_, j) => (isMissing(code) ? NaN : Number(code === j + 1)));
  });
}

// The contribution of each predictor to the log-odds, as `explain` of the library gives them.
function explained(scorer, codes, reference, levels, orders) {
  const row = rowOf(codes, levels);
  const byPredictor = columns => {
    let column = 0;
    return codes.map((_, i) => {
      const width = levels[i] ? levels[i] - 1 : 1;
      column += width;
      return sum(Array.from(columns.slice(column - width, column)));
    });
  };
  if (scorer.contributions) return byPredictor(scorer.contributions(row));
  if (scorer.lineContributions) return byPredictor(scorer.lineContributions(row, rowOf(reference, levels)));
  return Array.from(shapley(one => scorer.logOdds(rowOf(one, levels)), codes, reference, orders));
}
