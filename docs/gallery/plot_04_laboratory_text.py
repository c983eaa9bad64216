"""
Results as laboratories print them
==================================

``<0.05``, ``TND`` and ``阴性`` are results. They keep their limit, and a limit that lies beyond the threshold does not
decide.
"""

# %%

import pandas as pd

import relapse_model as rm

texts = ["<0.05", "0.12", "TND", "阴性", ">250", "1.2e3"]
patients = pd.DataFrame({"patient_id": ["a"]})
labs = pd.DataFrame({"patient_id": "a", "week": range(6), "analyte": "hbsag", "value": texts, "unit": "IU/mL"})
cohort = rm.make_cohort(patients=patients, labs=labs, study=rm.load_study("hbsag-relapse"))
read = cohort.labs[["lower", "upper", "detected", "kind"]]
read.insert(0, "printed", texts)
read

# %%
# ``lower`` and ``upper`` are the bounds between which the true value lies. A text that has no one reading is refused
# with its place, and all such texts are listed at once.

labs["value"] = ["1,234", "about 5", "0.12", "TND", "阴性", ">250"]
try:
    rm.make_cohort(patients=patients, labs=labs, study=rm.load_study("hbsag-relapse"))
except rm.RelapseModelError as refused:
    print(refused)
