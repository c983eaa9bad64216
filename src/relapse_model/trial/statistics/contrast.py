"""Treatment against control: one measure with its interval and test."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import erfc, exp, isfinite, sqrt

from relapse_model.validation.estimate import normal_quantile

RISK_DIFFERENCE, RISK_RATIO, ODDS_RATIO = "risk_difference", "risk_ratio", "odds_ratio"
HAZARD_RATIO, RMST_DIFFERENCE, RMST_RATIO = "hazard_ratio", "rmst_difference", "rmst_ratio"


@dataclass(frozen=True, slots=True)
class Contrast:
    """Treatment minus control, or treatment over control, with a confidence interval and a test of no effect.

    Parameters
    ----------
    measure : str
        ``"risk_difference"``, ``"risk_ratio"``, ``"odds_ratio"``, ``"hazard_ratio"``, ``"rmst_difference"`` or
        ``"rmst_ratio"``.
    value : float or None
        The estimate. None for a ratio of nothing to nothing, which has an interval but no value.
    lower, upper : float
        Limits of the interval; ``upper`` of a ratio may be infinite.
    level : float
        Confidence level of the interval.
    standard_error : float or None
        Of a difference, or of the logarithm of a ratio. None where the interval is not made from one.
    statistic : float or None
        The test statistic, standard normal if there is no effect; of the sign of the effect.
    p_value : float
        Two-sided.
    method, test : str
        How interval and p-value were obtained, in words fit for a report.

    Examples
    --------
    >>> contrast = Contrast.wald("risk_difference", -0.2, 0.1, 0.95, "Greenwood", "Wald test")
    >>> print(contrast)
    -0.20 (-0.40 to -0.00)
    >>> round(contrast.p_value, 4)
    0.0455
    """

    measure: str
    value: float | None
    lower: float
    upper: float
    level: float
    standard_error: float | None
    statistic: float | None
    p_value: float
    method: str
    test: str

    def __str__(self) -> str:
        """Return the figure and its interval with two decimals."""
        value = "not estimable" if self.value is None else f"{self.value:.2f}"
        return f"{value} ({self.lower:.2f} to {self.upper:.2f})"

    def to_dict(self) -> dict[str, float | str | None]:
        """Return plain values for JSON; None for what does not exist and for a limit that is infinite."""
        plain: dict[str, float | str | None] = asdict(self)
        return {key: None if isinstance(x, float) and not isfinite(x) else x for key, x in plain.items()}

    @classmethod
    def wald(cls, measure: str, value: float, standard_error: float, level: float, method: str, test: str) -> Contrast:
        """Return value +- z standard errors, tested against 0; assumes that the estimator is nearly normal.

        Parameters
        ----------
        measure : str
            A difference.
        value, standard_error : float
            The estimate and its standard error, above 0.
        level : float
            Confidence level.
        method, test : str
            Words for the report.

        Returns
        -------
        Contrast
        """
        reach = normal_quantile(level) * float(standard_error)
        z = float(value) / float(standard_error)
        return cls(
            measure, float(value), float(value) - reach, float(value) + reach, level, float(standard_error), z,
            two_sided_p(z), method, test,
        )  # fmt: skip

    @classmethod
    def log_wald(
        cls, measure: str, log: float, standard_error: float, level: float, method: str, test: str
    ) -> Contrast:
        """Return a ratio whose logarithm is nearly normal: its limits are never negative.

        Parameters
        ----------
        measure : str
            A ratio.
        log, standard_error : float
            The logarithm of the estimate and its standard error, above 0.
        level : float
            Confidence level.
        method, test : str
            Words for the report.

        Returns
        -------
        Contrast
        """
        reach, z = normal_quantile(level) * float(standard_error), float(log) / float(standard_error)
        return cls(
            measure, exp(log), exp(log - reach), exp(log + reach), level, float(standard_error), z, two_sided_p(z),
            method, test,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignificanceTest:
    """A test of no difference between the arms.

    Parameters
    ----------
    statistic : float or None
        None for a test that has none (Fisher's).
    degrees_of_freedom : int or None
        Of a chi-square statistic; None for a normal one.
    p_value : float
        Two-sided.
    method : str
        The test, in words fit for a report.

    Examples
    --------
    >>> SignificanceTest(2.71, 1, 0.0994, "log-rank test").to_dict()["p_value"]
    0.0994
    """

    statistic: float | None
    degrees_of_freedom: int | None
    p_value: float
    method: str

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Return the fields as plain values for JSON."""
        return asdict(self)


def two_sided_p(z: float) -> float:
    """Return the chance that a standard normal variable is as far from 0 as z.

    Parameters
    ----------
    z : float
        The statistic; infinite gives 0.

    Returns
    -------
    float

    Examples
    --------
    >>> round(two_sided_p(-1.959964), 6)
    0.05
    """
    return erfc(abs(z) / sqrt(2))
