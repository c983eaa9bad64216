"""
What 20 events can carry
========================

Riley's criteria, before any model is fitted.
"""

# %%

from relapse_model import validation

r2 = validation.cox_snell_r2(0.75, 0.15)  # a model with a C of 0.75 where 15 % relapse
print(validation.riley_sample_size(8, r2, 0.15))
print(f"132 patients carry {validation.maximum_parameters(132, 0.15, r2):.1f} parameters without priors")

# %%
# Patients needed, by the number of candidate parameters:

import matplotlib.pyplot as plt

parameters = range(1, 13)
needed = [validation.riley_sample_size(number, r2, 0.15).patients for number in parameters]
figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot(parameters, needed, marker="o", color="#0072b2")
axes.axhline(132, color="#222222", linestyle="--", linewidth=0.8)
axes.annotate("132 patients", (9, 132), xytext=(0, 4), textcoords="offset points")
axes.set(xlabel="candidate parameters", ylabel="patients needed", ylim=(0, None))

# %%
# **How to read this.** Published effects as priors are not free parameters in this sense: that is why they are used.
# The need for data to judge the model is not lifted by them.
