// Search by keyboard: "/" goes to the box, the arrows through what was found; Enter opens, as links do.

(() => {
  "use strict";

  const box = () => [...document.querySelectorAll("[data-seek]")].find((one) => one.checkVisibility());
  const writing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "/" && !writing(event.target) && box()) {
      event.preventDefault();
      box().focus();
      box().select();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && event.target.closest?.("#id_query, .hit")) walk(event, step);
  });

  // From the box into the list and back; the ends hold.
  function walk(event, step) {
    const stops = [document.getElementById("id_query"), ...[...document.querySelectorAll(".hit")].filter((hit) => hit.checkVisibility())];
    const next = stops[stops.indexOf(event.target.closest("#id_query, .hit")) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
})();
