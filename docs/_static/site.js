// Names for the theme's controls, as a screen reader says them: what is seen on a button, and what a list unfolds.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("button.search-button-field[aria-label]").forEach((button) => button.removeAttribute("aria-label"));
  document.querySelectorAll("li > details > summary").forEach((summary) => {
    const link = summary.closest("li").querySelector("a");
    if (!summary.textContent.trim() && link) summary.setAttribute("aria-label", `Pages below ${link.textContent.trim()}`);
  });
});
