"""The order of the arms, the same wherever they stand side by side: as the plan of the trial has it."""

from __future__ import annotations

from collections.abc import Iterable

from relapse_model.study.study import Study


def arms_in_order(names: Iterable[str], study: Study) -> list[str]:
    """Return names of arms, each once: the treatment first, then the control, then what the plan does not name.

    Without a plan, in the order of the alphabet. Differences are the first arm minus the second, and colours go by this
    order, so that pages about the same arms agree.

    Parameters
    ----------
    names : iterable of str
        As reports call the arms.
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> arms_in_order(["control", "HBIG", "control"], rm.load_study("hbsag-relapse"))
    ['HBIG', 'control']
    """
    planned = () if study.trial is None else study.trial.arms.names
    return sorted(set(names), key=lambda name: (planned.index(name) if name in planned else len(planned), name))
