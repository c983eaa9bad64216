// Names for the theme's controls, as a screen reader says them: what is seen on a button, and what a list unfolds.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("button.search-button-field[aria-label]").forEach((button) => {
    if (button.innerText.trim()) button.removeAttribute("aria-label"); // its own text is seen, and is its name
  });
  document.querySelectorAll(".sphx-glr-thumbcontainer a").forEach((link) => {
    link.setAttribute("aria-label", link.textContent.trim());
  });
  document.querySelectorAll("li > details > summary").forEach((summary) => {
    const link = summary.closest("li").querySelector("a");
    if (!summary.textContent.trim() && link) summary.setAttribute("aria-label", `Pages below ${link.textContent.trim()}`);
  });
  document.querySelectorAll("th:empty").forEach((cell) => cell.setAttribute("role", "none")); // the corner of a table
});
