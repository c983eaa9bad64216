"""Drugs as readers are shown them: by a synonym of the study that says more than its short name."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.study.study import Agent


@pytest.mark.parametrize(
    ("agent", "label", "label_zh"),
    [
        (Agent("hbig"), "hbig", ""),  # of which the study says nothing
        (
            Agent("hbig", ("hepatitis B immunoglobulin", "乙肝免疫球蛋白")),
            "hepatitis B immunoglobulin",
            "乙肝免疫球蛋白",
        ),
        (Agent("entecavir", ("ETV", "恩替卡韦")), "entecavir", "恩替卡韦"),  # the abbreviation says less
        (Agent("hbv_vaccine", ("乙肝疫苗",)), "hbv vaccine", "乙肝疫苗"),
    ],
)
def test_the_label_of_an_agent(agent, label, label_zh):
    assert (agent.label, agent.label_zh) == (label, label_zh)


def test_the_drugs_of_a_study_in_each_language():
    study = rm.load_study("hbsag-relapse")
    assert study.agent_labels(("hbig", "unheard_of")) == ("hepatitis B immunoglobulin", "unheard of")
    assert study.agent_labels(("hbig", "unheard_of"), "zh") == ("乙肝免疫球蛋白", "unheard of")
