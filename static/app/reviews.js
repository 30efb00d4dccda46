// Review tables by keyboard: arrows go from cell to cell, and keys press what is named by them.
"use strict";

const typing = (target) => target.matches("input, textarea, select, [contenteditable]");

const neighbour = (cell, key) => {
  const row = cell.parentElement;
  if (key === "ArrowLeft") return cell.previousElementSibling;
  if (key === "ArrowRight") return cell.nextElementSibling;
  const other = key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
  return other && other.children[cell.cellIndex];
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const cell = event.target.closest("[data-grid] tbody :is(td, th)");
  if (cell && event.key.startsWith("Arrow")) {
    const link = neighbour(cell, event.key)?.querySelector("a");
    if (!link) return;
    event.preventDefault();
    link.focus();
    link.scrollIntoView({ block: "nearest", inline: "nearest" });
    return;
  }
  if (typing(event.target)) {
    if (event.key === "Escape" && event.target.closest(".marks")) event.target.blur();
    return;
  }
  const named = document.querySelector(`.talk [data-key="${CSS.escape(event.key)}"]`);
  if (!named) return;
  event.preventDefault();
  if (named.matches("textarea")) named.focus();
  else named.click();
});
